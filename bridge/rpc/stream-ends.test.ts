// How streams end where several things happen at once: whoever sees a good end has everything, and the slot is free.
import { describe, expect, test } from 'vitest';
import { RemoteError } from '../remote-error.ts';
import { streamScene } from '../stream-world.test.support.ts';
import { outcome, serving } from '../world.test.support.ts';
import type { RpcClient } from './client.ts';
import type { RpcHandler } from './rpc-handler.ts';
import { batchHeadBytes, StreamHalf, streamFlags } from './stream-layout.ts';
import { StreamReceiver } from './stream-receiver.ts';
import { StreamSender } from './stream-sender.ts';

const nothing = new Uint8Array(0);
const bytesOf = (length: number, seed: number) => new Uint8Array(length).fill(seed);

async function all(stream: AsyncIterable<Uint8Array>): Promise<number[]> {
  const seeds: number[] = [];
  for await (const [seed] of stream) seeds.push(seed as number);
  return seeds;
}

/** One client with one slot, and a server of such streams. */
async function scene(far: boolean, stream: RpcHandler['stream'] & {}, clientRate?: number) {
  const { world, server, attach } = await streamScene({ far });
  serving(server, { handle: (_methodId, payload) => payload, stream });
  const attached = await attach(1, clientRate);
  const isFree = async (client: RpcClient) => {
    const answer = await outcome(world.clock.run(client.call(1, nothing, { deadlineMs: 1000 })));
    return answer.status === 'fulfilled';
  };
  return { world, ...attached, isFree };
}

describe.each([
  ['on one machine', false],
  ['between machines', true],
])('a stream %s', (_where, far) => {
  test.each([0, 2])('whose handler sends %i messages, ends its side and then throws, has ended well', async (count) => {
    const { world, client, isFree } = await scene(far, async (_methodId, _payload, stream) => {
      for (let i = 1; i <= count; i++) void stream.send(bytesOf(8, i));
      void stream.end();
      throw new RemoteError('too late', { code: 3 });
    });
    const stream = client.stream(1, nothing);
    expect(await world.clock.run(all(stream))).toEqual([1, 2].slice(0, count));
    await world.clock.advance(5);
    // Whoever still sends is told.
    expect(await outcome(stream.send(nothing))).toMatchObject({ reason: { message: 'too late', code: 3 } });
    expect(await isFree(client)).toBe(true);
  });

  test('that is cancelled after its client has ended its side does not end well where messages were dropped', async () => {
    let read: Promise<PromiseSettledResult<number[]>> | undefined;
    const { world, client } = await scene(far, async (_methodId, _payload, stream, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      read = outcome(all(stream));
    });
    const stream = client.stream(1, nothing);
    void stream.send(bytesOf(8, 1));
    void stream.end(); // In one batch, as the opening was not taken yet.
    await world.clock.advance(5);
    stream.cancel();
    await world.clock.advance(5);
    expect(await read).toMatchObject({ reason: { code: 'Cancelled' } });
  });

  test.each(['goes on', 'returns'] as const)(
    'whose deadline passes at home first frees its slot, and does not end well, if its handler %s',
    async (then) => {
      const sent: PromiseSettledResult<unknown>[] = [];
      const { world, client, isFree, stop, goOn } = await scene(
        far,
        async (_methodId, _payload, stream, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          sent.push(await outcome(stream.send(bytesOf(8, 1))));
          if (then === 'goes on') await new Promise(() => undefined);
        },
      );
      const read = outcome(all(client.stream(1, nothing, { deadlineMs: 50 })));
      await world.clock.advance(5);
      stop();
      await world.clock.advance(100);
      expect(sent).toMatchObject([{ reason: { code: 'DeadlineExceeded' } }]);
      goOn();
      expect(await world.clock.run(read)).toMatchObject({ reason: { code: 'DeadlineExceeded' } });
      expect(await isFree(client)).toBe(true);
    },
  );

  test.each([
    8, // A short message.
    2000, // In many batches.
  ])(
    'that its handler has cancelled behind %i bytes ends as that said, though its deadline passes first',
    async (bytes) => {
      let stop = () => {};
      const fail: RpcHandler['stream'] = async (_methodId, _payload, stream, { signal }) => {
        void outcome(stream.send(bytesOf(bytes, 1)));
        stream.cancel(new RemoteError('enough', { code: 5 }));
        stop();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      };
      // By the client's clock, the deadline is not yet over when it goes on.
      const { world, client, isFree, ...attached } = await scene(far, fail, 0.5);
      stop = attached.stop;
      const read = outcome(all(client.stream(1, nothing, { deadlineMs: 50 })));
      await world.clock.advance(60);
      attached.goOn();
      expect(await world.clock.run(read)).toMatchObject({ reason: { message: 'enough', code: 5 } });
      expect(await isFree(client)).toBe(true);
    },
  );

  test('whose deadline passed at home does not end as its handler says: messages before that may be missing', async () => {
    let stop = () => {};
    const fail: RpcHandler['stream'] = async (_methodId, _payload, stream, { signal }) => {
      await outcome(stream.send(bytesOf(8, 1)));
      stop();
      await outcome(stream.send(bytesOf(8, 2))); // Gathered: the client has not taken the first.
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new RemoteError('enough', { code: 5 });
    };
    // By the client's clock, the deadline is not yet over when it goes on.
    const { world, client, isFree, ...attached } = await scene(far, fail, 0.5);
    stop = attached.stop;
    const read = outcome(all(client.stream(1, nothing, { deadlineMs: 50 })));
    await world.clock.advance(60);
    attached.goOn();
    const late = { reason: { message: expect.stringContaining('the caller waited for') } };
    expect(await world.clock.run(read)).toMatchObject(late);
    expect(await isFree(client)).toBe(true);
  });
});

test('a failure amid a long message comes behind the rest of that', () => {
  const half = new StreamHalf(new Uint8Array(64), 0, 64);
  const parts = { messageBytesMax: 1000, room: 64, flagsAllowed: streamFlags.over | streamFlags.failed };
  const [sender, receiver] = [new StreamSender(parts), new StreamReceiver(parts)];
  const batches: number[] = [];
  const seen: unknown[] = [];
  let underWay = false;
  receiver.connect({
    half,
    taken: () => {
      underWay = true;
    },
    over: (failure) => seen.push(failure),
    broken: (error) => seen.push(error),
  });
  const publish = (bytes: number) => {
    batches.push(bytes - batchHeadBytes);
    receiver.data();
  };
  sender.connect({ half, publish }, false);
  void outcome(sender.send(bytesOf(120, 1)));
  void outcome(sender.send(bytesOf(8, 2)));
  sender.fail(new Error('given up'));
  sender.finish(bytesOf(9, 3));
  while (underWay) {
    underWay = false;
    sender.taken();
  }
  expect(seen).toEqual([bytesOf(9, 3)]);
  expect(batches).toEqual([56, 56, 36]);
});
