// Streams over slots, in the simulator: on one machine, and between two.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadTooLarge, Unsupported } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import { streamScene } from '../stream-world.test.support.ts';
import { outcome, servedScene, serving } from '../world.test.support.ts';
import type { CallContext } from './call-context.ts';
import { RpcClient } from './client.ts';
import type { RpcHandler } from './rpc-handler.ts';
import type { RpcStream } from './rpc-stream.ts';

const bytesOf = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
const one = (value: number) => Uint8Array.of(value);
const nothing = new Uint8Array(0);

async function all(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for await (const message of stream) taken.push(message);
  return taken;
}

async function sendOnly(stream: RpcStream, messages: Iterable<Uint8Array>): Promise<void> {
  for (const message of messages) await stream.send(message);
}

async function sendAll(stream: RpcStream, messages: Iterable<Uint8Array>): Promise<void> {
  await sendOnly(stream, messages);
  await stream.end();
}

const handle: RpcHandler['handle'] = (_methodId, payload) => payload;

const serve = (stream: RpcHandler['stream'] & {}): RpcHandler => ({ handle, stream });

const echo = serve(async (_methodId, _payload, stream) => {
  for await (const message of stream) await stream.send(message);
});

/** Keeps what it is told of its streams, and settles when the test says so. */
function byHand() {
  const streams: { stream: RpcStream; payload: Uint8Array; context: CallContext; finish(error?: Error): void }[] = [];
  const handler = serve(
    (_methodId, payload, stream, context) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error) => (error === undefined ? resolve() : reject(error));
        streams.push({ stream, payload, context, finish });
      }),
  );
  const last = () => streams.at(-1) as (typeof streams)[number];
  return { handler, streams, last };
}

/** A stream that a test holds by both ends. */
async function pairScene(far: boolean) {
  const scene = await streamScene({ far });
  const { handler, last } = byHand();
  serving(scene.server, handler);
  const attached = await scene.attach(1);
  const client = attached.client.stream(7, bytesOf(9));
  await scene.world.clock.advance(5);
  return { ...scene, ...attached, stream: client, there: last(), last };
}

/** Another stream fits the client's only slot: so nothing is left of the one before. */
async function expectFreeSlot({ world, client }: Pick<Awaited<ReturnType<typeof pairScene>>, 'world' | 'client'>) {
  expect(await world.clock.run(client.call(1, bytesOf(3), { deadlineMs: 1000 }))).toEqual(bytesOf(3));
}

describe.each([
  ['on one machine', false],
  ['between machines', true],
])('a stream %s', (_where, far) => {
  test('carries messages of every length both ways, in order', async () => {
    const { world, server, attach } = await streamScene({ far });
    serving(server, echo);
    const { client } = await attach(2);
    const stream = client.stream(1, bytesOf(5));
    const messages = Array.from({ length: 300 }, (_, index) => bytesOf(index * 3, index));
    const sending = sendAll(stream, messages);
    expect(await world.clock.run(all(stream))).toEqual(messages);
    await world.clock.run(sending);
  });

  test('gives its handler what opened it, however long, and the call’s context', async () => {
    const { world, server, attach } = await streamScene({ far });
    const { handler, streams, last } = byHand();
    serving(server, handler);
    const { client } = await attach(1);
    for (const length of [0, 255, 256, 300, 301, 5000]) {
      const stream = client.stream(1, bytesOf(length), { deadlineMs: 2000 });
      await world.clock.advance(50);
      expect(last().payload).toEqual(bytesOf(length));
      expect(last().context.deadlineMs).toBe(2000);
      expect(last().context.signal.aborted).toBe(false);
      last().finish();
      expect(await world.clock.run(all(stream))).toEqual([]);
    }
    expect(streams).toHaveLength(6);
  });

  test('goes on while the other direction has ended, either way', async () => {
    const { world, stream, there } = await pairScene(far);
    await world.clock.run(stream.end());
    expect(await world.clock.run(all(there.stream))).toEqual([]);
    await world.clock.run(there.stream.send(one(1)));
    await world.clock.run(there.stream.end());
    expect(await world.clock.run(all(stream))).toEqual([one(1)]);
    there.finish();
    await world.clock.advance(5);
  });

  test('ended by the server first, still carries to the server', async () => {
    const scene = await pairScene(far);
    const { world, stream, there } = scene;
    await world.clock.run(there.stream.end());
    expect(await world.clock.run(all(stream))).toEqual([]);
    await world.clock.run(sendAll(stream, [one(1), one(2)]));
    expect(await world.clock.run(all(there.stream))).toEqual([one(1), one(2)]);
    there.finish();
    await expectFreeSlot(scene);
  });

  test('is over when its handler is done, and takes no more', async () => {
    const scene = await pairScene(far);
    const { world, stream, there } = scene;
    void there.stream.send(one(4));
    there.finish();
    expect(await world.clock.run(all(stream))).toEqual([one(4)]);
    expect(await outcome(stream.send(one(1)))).toMatchObject({ reason: { code: 'Cancelled' } });
    await stream.end();
    stream.cancel();
    await expectFreeSlot(scene);
  });

  test.each([
    [100, 4],
    [500, 3],
    [5000, 3],
  ])('holds back the sender of messages of %i bytes', async (bytes, sentMax) => {
    const { world, stream, there } = await pairScene(far);
    let sent = 0;
    const flood = async () => {
      for (;;) {
        await stream.send(bytesOf(bytes, sent));
        sent += 1;
      }
    };
    flood().catch(() => undefined);
    await world.clock.advance(1000);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(sentMax);
    const iterator = there.stream[Symbol.asyncIterator]();
    for (let i = 0; i < 9; i++) expect((await world.clock.run(iterator.next())).value).toEqual(bytesOf(bytes, i));
    await world.clock.advance(1000);
    expect(sent).toBeLessThanOrEqual(9 + sentMax);
    stream.cancel();
    await world.clock.advance(10);
  });

  test('holds its sender back', async () => {
    const { world, stream, there } = await pairScene(far);
    let [up, down] = [0, 0];
    const flood = async (end: RpcStream, onSent: () => void) => {
      for (;;) {
        await end.send(bytesOf(20));
        onSent();
      }
    };
    for (const end of [flood(stream, () => up++), flood(there.stream, () => down++)]) end.catch(() => undefined);
    await world.clock.advance(1000);
    const bound = (3 * 148) / 24;
    expect([up, down].every((sent) => sent > 4 && sent <= bound)).toBe(true);
    const before = up;
    const iterator = there.stream[Symbol.asyncIterator]();
    for (let i = 0; i < 20; i++) expect((await world.clock.run(iterator.next())).value).toEqual(bytesOf(20));
    await world.clock.advance(1000);
    expect(up - before).toBeGreaterThan(10);
    expect(up - before).toBeLessThanOrEqual(20 + 6);
    stream.cancel();
    await world.clock.advance(10);
  });

  test('fails with what its handler throws, after what was sent', async () => {
    const scene = await pairScene(far);
    const { world, stream, there } = scene;
    void there.stream.send(one(1));
    void there.stream.send(bytesOf(1000));
    there.finish(new RemoteError('x'.repeat(600), { code: 9 }));
    const iterator = stream[Symbol.asyncIterator]();
    expect((await world.clock.run(iterator.next())).value).toEqual(one(1));
    expect((await world.clock.run(iterator.next())).value).toEqual(bytesOf(1000));
    const failure = { name: 'RemoteError', kind: 'handler', code: 9, message: 'x'.repeat(600) };
    expect(await outcome(world.clock.run(iterator.next()))).toMatchObject({ reason: failure });
    expect(await outcome(stream.send(one(1)))).toMatchObject({ reason: failure });
    await expectFreeSlot(scene);
  });

  test('fails where the handler knows no streams, or throws at once', async () => {
    const { world, server, attach } = await streamScene({ far });
    const { client } = await attach(1);
    serving(server, { handle });
    expect(await outcome(world.clock.run(all(client.stream(3, nothing))))).toMatchObject({
      reason: { kind: 'unknown-method', message: 'unknown method 3' },
    });
  });

  test.each<[string, (stream: RpcStream) => unknown, object]>([
    ['cancelled', (stream) => stream.cancel(), { code: 'Cancelled' }],
    ['cancelled for a reason', (stream) => stream.cancel(new Error('enough')), { message: 'enough' }],
  ])(
    '%s by the client fails at both ends, and its slot is free whatever the handler does',
    async (_how, cancel, error) => {
      const scene = await pairScene(far);
      const { world, stream, there } = scene;
      const reading = outcome(all(there.stream));
      const [here, full] = [outcome(all(stream)), outcome(stream.send(bytesOf(60_000)))];
      void there.context.signal;
      cancel(stream);
      expect(await here).toMatchObject({ reason: error });
      expect(await full).toMatchObject({ reason: error });
      await world.clock.advance(10);
      expect(there.context.signal.reason).toMatchObject({ code: 'Cancelled' });
      expect(await reading).toMatchObject({ reason: { code: 'Cancelled' } });
      expect(await outcome(there.stream.send(one(1)))).toMatchObject({ reason: { code: 'Cancelled' } });
      await expectFreeSlot(scene);
      there.finish(new Error('late'));
      await expectFreeSlot(scene);
    },
  );

  test('left by the client while much is under way is given up', async () => {
    const { world, server, attach } = await streamScene({ far });
    const { client } = await attach(1);
    let context: CallContext | undefined;
    const endless = serve(async (_methodId, _payload, stream, given) => {
      context = given;
      for (let i = 0; ; i++) await stream.send(bytesOf(i % 700, i));
    });
    serving(server, endless);
    let seen = 0;
    const leave = async () => {
      for await (const message of client.stream(1, nothing)) {
        expect(message).toEqual(bytesOf(seen % 700, seen));
        if (++seen === 40) break;
      }
    };
    await world.clock.run(leave());
    await world.clock.advance(10);
    expect(context?.signal.aborted).toBe(true);
    await expectFreeSlot({ world, client });
  });

  test('whose handler has left the loop over it can still be answered, and takes what comes', async () => {
    const { world, server, attach } = await streamScene({ far });
    const { client } = await attach(1);
    const first = serve(async (_methodId, _payload, stream) => {
      let first: Uint8Array | undefined;
      for await (const message of stream) {
        first = message;
        break;
      }
      for (let i = 0; i < 5; i++) await stream.send(first ?? nothing);
    });
    serving(server, first);
    const stream = client.stream(1, nothing);
    const sending = outcome(
      sendAll(
        stream,
        Array.from({ length: 200 }, (_, i) => bytesOf(150, i)),
      ),
    );
    expect(await world.clock.run(all(stream))).toEqual(new Array(5).fill(bytesOf(150, 0)));
    await world.clock.run(sending);
    await expectFreeSlot({ world, client });
  });

  test('cancelled by its handler fails at the client', async () => {
    const scene = await pairScene(far);
    const { world, stream, there } = scene;
    there.stream.cancel(new RemoteError('no more', { code: 5 }));
    expect(await outcome(world.clock.run(all(stream)))).toMatchObject({ reason: { code: 5, message: 'no more' } });
    expect(await outcome(all(there.stream))).toMatchObject({ reason: { code: 5 } });
    expect((await outcome(there.stream.send(one(1)))).status).toBe('rejected');
    await expectFreeSlot(scene);
  });

  test('ends at its deadline, and when its signal aborts', async () => {
    const { world, server, attach } = await streamScene({ far });
    const { handler, last } = byHand();
    serving(server, handler);
    const { client } = await attach(1);
    const late = outcome(world.clock.run(all(client.stream(1, nothing, { deadlineMs: 50 }))));
    expect(await late).toMatchObject({ reason: { code: 'DeadlineExceeded', mayHaveExecuted: true } });
    const stop = new AbortController();
    const stopped = outcome(all(client.stream(1, nothing, { signal: stop.signal })));
    await world.clock.advance(5);
    const { signal } = last().context;
    expect(signal.aborted).toBe(false);
    stop.abort(new Error('enough'));
    expect(await stopped).toMatchObject({ reason: { code: 'Cancelled', cause: { message: 'enough' } } });
    await world.clock.advance(5);
    expect(signal.aborted).toBe(true);
    await expectFreeSlot({ world, client });
  });

  test('has no deadline where none is named', async () => {
    const { world, stream, there } = await pairScene(far);
    const reading = all(stream);
    await world.clock.advance(50_000);
    await world.clock.run(there.stream.send(one(1)));
    there.finish();
    expect(await world.clock.run(reading)).toEqual([one(1)]);
  });

  test('waits for a slot in its turn, and can be given up there', async () => {
    const scene = await pairScene(far);
    const { world, client, there } = scene;
    const second = client.stream(1, one(2));
    const third = client.stream(1, one(3));
    void second.send(one(22)).then(() => second.end());
    third.cancel();
    expect(await outcome(all(third))).toMatchObject({ reason: { code: 'Cancelled' } });
    await world.clock.advance(5);
    there.finish();
    await world.clock.advance(5);
    scene.stream.cancel();
    second.cancel();
    await world.clock.advance(5);
    await expectFreeSlot(scene);
  });

  test('fails with its lease, at both ends', async () => {
    const { world, lease, stream, there } = await pairScene(far);
    const [here, other] = [outcome(all(stream)), outcome(all(there.stream))];
    const sending = outcome(stream.send(bytesOf(60_000)));
    lease.revoke();
    await world.clock.advance(100);
    expect(await here).toMatchObject({ reason: { code: 'Revoked', mayHaveExecuted: true } });
    expect(await sending).toMatchObject({ reason: { code: 'Revoked' } });
    expect(await other).toMatchObject({ reason: { code: 'Revoked' } });
    expect((await outcome(there.stream.send(one(1)))).status).toBe('rejected');
    there.finish();
    await world.clock.advance(1);
  });

  test('fails at the server when its client dies', async () => {
    const { world, lease, there, kill } = await pairScene(far);
    const reading = outcome(all(there.stream));
    const sending = outcome(there.stream.send(bytesOf(60_000)));
    const { signal } = there.context;
    kill();
    await world.clock.advance(60_000);
    expect(await reading).toMatchObject({ reason: { code: 'Disconnected' } });
    expect(await sending).toMatchObject({ reason: { code: 'Disconnected' } });
    expect(signal.aborted).toBe(true);
    there.finish();
    await world.clock.advance(1);
    expect(far || lease.freeSlotCount === 16).toBe(true);
  });

  test('lives beside calls, also those that block', async () => {
    const { world, server, attach } = await streamScene({ far });
    serving(server, echo);
    const { client } = await attach(3);
    const messages = Array.from({ length: 60 }, (_, index) => bytesOf(100, index));
    const streams = [0, 1].map(() => client.stream(1, nothing));
    const sent = streams.map((stream) => sendAll(stream, messages));
    const read = streams.map((stream) => all(stream));
    for (let i = 0; i < 20; i++) {
      expect(client.callSync(1, bytesOf(300, i))).toEqual(bytesOf(300, i));
      expect(await world.clock.run(client.call(1, bytesOf(30, i)))).toEqual(bytesOf(30, i));
    }
    for (const reading of read) expect(await world.clock.run(reading)).toEqual(messages);
    await world.clock.run(Promise.all(sent));
  });

  test('refuses what is no message', async () => {
    const { lease, stream } = await pairScene(far);
    expect(await outcome(stream.send('text' as never))).toMatchObject({ reason: { name: 'TypeError' } });
    const tooLong = await outcome(stream.send(new Uint8Array(lease.arenaBytes + 1)));
    expect(tooLong.status === 'rejected' && tooLong.reason).toBeInstanceOf(PayloadTooLarge);
    await stream.end();
    await stream.end();
    expect((await outcome(stream.send(one(1)))).status).toBe('rejected');
  });

  test('takes the smallest slots, and a message as long as the lease', async () => {
    const { world, server, attach, lease } = await streamScene({ far, slotPayloadBytes: 1 });
    serving(server, echo);
    const { client } = await attach(1);
    const stream = client.stream(1, bytesOf(100));
    const sending = sendAll(stream, [nothing, bytesOf(lease.arenaBytes), nothing, one(1)]);
    const [a, b, c, d] = await world.clock.run(all(stream));
    await world.clock.run(sending);
    expect([a, c, d]).toEqual([nothing, nothing, one(1)]);
    expect(Buffer.compare(b as Uint8Array, bytesOf(lease.arenaBytes))).toBe(0);
  });

  test('keeps a message as it was when it was sent', async () => {
    const { world, stream, there } = await pairScene(far);
    const message = bytesOf(1000);
    void stream.send(message);
    message.fill(0);
    void stream.end();
    expect(await world.clock.run(all(there.stream))).toEqual([bytesOf(1000)]);
  });
});

describe('a server that stops serving', () => {
  test('gives up the streams that run, at both ends, and resolves', async () => {
    const { world, server, attach } = await streamScene({});
    const { client } = await attach(2);
    const stop = new AbortController();
    const { handler, streams } = byHand();
    const served = server.serve(handler, { signal: stop.signal });
    const opened = [client.stream(1, nothing), client.stream(1, nothing)];
    await world.clock.advance(5);
    for (const { stream } of streams) {
      void stream.send(bytesOf(1000)); // Which nobody takes.
      void outcome(all(stream)).then(() => streams.find((each) => each.stream === stream)?.finish());
    }
    const read = opened.map((stream) => outcome(all(stream)));
    await world.clock.advance(5);
    stop.abort();
    await world.clock.run(served);
    for (const reading of read) {
      expect(await world.clock.run(reading)).toMatchObject({ reason: { code: 'Disconnected', mayHaveExecuted: true } });
    }
    serving(server, echo);
    await expectFreeSlot({ world, client });
    const again = client.stream(1, nothing);
    void sendAll(again, [one(1)]);
    expect(await world.clock.run(all(again))).toEqual([one(1)]);
  });
});

test('a stream whose way to the home is lost fails, and one that waits goes over the next', async () => {
  const scene = await pairScene(true);
  const { world, stream, there, cut, client, last } = scene;
  const [here, other] = [outcome(all(stream)), outcome(all(there.stream))];
  const { signal } = there.context;
  const waiting = client.stream(1, one(2));
  cut();
  await world.clock.advance(2000);
  expect(await here).toMatchObject({ reason: { code: 'Disconnected', mayHaveExecuted: true } });
  expect(await other).toMatchObject({ reason: { code: 'Disconnected' } });
  expect(signal.aborted).toBe(true);
  there.finish();
  expect(last().payload).toEqual(one(2));
  const sending = sendAll(waiting, [one(3)]);
  expect(await world.clock.run(all(last().stream))).toEqual([one(3)]);
  last().finish();
  expect(await world.clock.run(all(waiting))).toEqual([]);
  await sending;
  await expectFreeSlot(scene);
});

test('a stream goes within one process', async () => {
  const { world, server, lease } = await streamScene({});
  serving(server, echo);
  const client = new RpcClient(lease, { slots: 2, wait: 'event' });
  const messages = Array.from({ length: 50 }, (_, index) => bytesOf(index * 9, index));
  const stream = client.stream(1, nothing);
  const sending = sendAll(stream, messages);
  expect(await world.clock.run(all(stream))).toEqual(messages);
  await world.clock.run(sending);
});

test('the classic layout has no streams', async () => {
  const { held, server } = await servedScene();
  serving(server, echo);
  expect(() => new RpcClient(held).stream(1, nothing)).toThrow(Unsupported);
});

/** What a hostile peer may write over a batch of one message of 40 bytes; offsets from the half's beginning. */
const nonsense: [string, (half: DataView) => void][] = [
  ['more bytes than the half holds', (half) => half.setUint32(0, 141, true)],
  ['far more bytes', (half) => half.setUint32(0, 0xfffffffc, true)],
  ['bytes that are no pieces', (half) => half.setUint32(0, 43, true)],
  ['flags that nobody knows', (half) => half.setUint32(4, 8, true)],
  ['a message longer than the lease', (half) => half.setUint32(8, 70_000, true)],
  [
    'the end amid a message',
    (half) => {
      half.setUint32(4, 1, true);
      half.setUint32(8, 500, true);
    },
  ],
];

describe('nonsense', () => {
  const h = 148;
  const halfOf = (arena: Uint8Array, from: number) => new DataView(arena.buffer, from, h);

  test.each(nonsense)('of a client fails its stream, and is counted: %s', async (_what, scribble) => {
    const scene = await pairScene(false);
    const { world, stream, there, held, lease } = scene;
    void stream.send(bytesOf(40));
    scribble(halfOf(held.window.arena, 20));
    const reading = outcome(all(there.stream));
    expect(await outcome(world.clock.run(all(stream)))).toMatchObject({ reason: { kind: 'malformed-request' } });
    expect(await reading).toMatchObject({ reason: { code: 'MalformedFrame' } });
    expect(lease.context.metrics.malformedFrames).toBe(1);
    await expectFreeSlot(scene);
  });

  test.each(nonsense)('of a server fails the stream: %s', async (_what, scribble) => {
    const scene = await pairScene(false);
    const { world, stream, there, lease, held } = scene;
    void there.stream.send(bytesOf(40));
    scribble(halfOf(lease.window.arena, 20 + h));
    expect(await outcome(world.clock.run(all(stream)))).toMatchObject({ reason: { code: 'MalformedFrame' } });
    await world.clock.advance(5);
    expect(held.context.metrics.malformedFrames).toBe(1);
    expect(there.context.signal.aborted).toBe(true);
    await expectFreeSlot(scene);
  });

  test('of a client amid a long message fails its stream', async () => {
    const scene = await pairScene(false);
    const { world, stream, there, held } = scene;
    void stream.send(bytesOf(1000));
    await world.clock.advance(5);
    expect(held.window.arena.length).toBeGreaterThan(0);
    const reading = outcome(all(there.stream));
    void stream.send(bytesOf(1000));
    halfOf(held.window.arena, 20).setUint32(8, 77, true);
    await world.clock.advance(5);
    expect((await reading).status).toBe('rejected');
    expect((await outcome(world.clock.run(all(stream)))).status).toBe('rejected');
  });
});

interface Plan {
  readonly up: number[];
  readonly down: number[];
  /** After so many messages, whoever reads does something else. */
  readonly clientStopsAt: number;
  readonly clientStops: 'never' | 'breaks' | 'cancels';
  readonly serverStopsAt: number;
  readonly serverStops: 'never' | 'leaves' | 'throws' | 'returns';
}

const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 900 })), {
  maxLength: 30,
});
const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.record({
    up: lengths,
    down: lengths,
    clientStopsAt: fc.nat(30),
    clientStops: fc.constantFrom('never', 'never', 'breaks', 'cancels'),
    serverStopsAt: fc.nat(30),
    serverStops: fc.constantFrom('never', 'never', 'leaves', 'throws', 'returns'),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Reads up to so many messages, with pauses; throws what the stream fails with. */
async function readUpTo(stream: RpcStream, count: number, into: Uint8Array[]): Promise<void> {
  if (count === 0) return;
  for await (const message of stream) {
    into.push(message);
    if (into.length === count) break;
  }
}

const messagesOf = (sizes: readonly number[]) => sizes.map((size, index) => bytesOf(size, index));

/** Goes by a plan at the server; gives what was received. */
async function serveByPlan(plan: Plan, stream: RpcStream, received: Uint8Array[]): Promise<void> {
  const sending =
    plan.serverStops === 'throws' ? sendOnly(stream, messagesOf(plan.down)) : sendAll(stream, messagesOf(plan.down));
  sending.catch(() => undefined);
  await readUpTo(stream, plan.serverStops === 'never' ? Number.POSITIVE_INFINITY : plan.serverStopsAt, received);
  if (plan.serverStops === 'throws') throw new RemoteError('planned', { code: 3 });
  if (plan.serverStops !== 'returns') await sending;
}

async function callByPlan(plan: Plan, stream: RpcStream, received: Uint8Array[]): Promise<void> {
  const sending = sendAll(stream, messagesOf(plan.up));
  sending.catch(() => undefined);
  const count = plan.clientStops === 'never' ? Number.POSITIVE_INFINITY : plan.clientStopsAt;
  await readUpTo(stream, count, received);
  if (plan.clientStops === 'cancels' || count === 0) return stream.cancel();
  if (plan.clientStops === 'never') await sending.catch(() => undefined);
}

function expectPrefix(received: readonly Uint8Array[], sizes: readonly number[]): void {
  expect(received).toEqual(messagesOf(sizes).slice(0, received.length));
}

test.each([false, true])(
  'whatever both ends do, messages arrive once and in order, and slots come back (far: %s)',
  async (far) => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1, 256, 900),
        async (all, slots, slotPayloadBytes) => {
          const { world, server, attach } = await streamScene({ far, slotPayloadBytes });
          const { client } = await attach(slots);
          const there = all.map((): Uint8Array[] => []);
          serving(server, {
            handle,
            stream: (methodId, _payload, stream) => serveByPlan(all[methodId] as Plan, stream, there[methodId] ?? []),
          });
          const here = all.map((): Uint8Array[] => []);
          const ends = all.map((plan, index) =>
            outcome(callByPlan(plan, client.stream(index, bytesOf(index * 50)), here[index] ?? [])),
          );
          const settled = await world.clock.run(Promise.all(ends));
          await world.clock.advance(20);
          for (const [index, plan] of all.entries()) {
            expectPrefix(here[index] ?? [], plan.down);
            expectPrefix(there[index] ?? [], plan.up);
            if (plan.clientStops !== 'never') continue;
            const isThrown = plan.serverStops === 'throws' && plan.serverStopsAt <= plan.up.length;
            expect(settled[index]).toMatchObject(isThrown ? { reason: { code: 3 } } : {});
            if (plan.serverStops === 'never') {
              expect(here[index]).toEqual(messagesOf(plan.down));
              expect(there[index]).toEqual(messagesOf(plan.up));
            }
          }
          const calls = Array.from({ length: slots }, (_, index) => client.call(1, one(index), { deadlineMs: 1000 }));
          expect(await world.clock.run(Promise.all(calls))).toEqual(calls.map((_, index) => one(index)));
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('wherever a client dies, the server has a beginning of what it sent, and the slots back', async () => {
  await fc.assert(
    fc.asyncProperty(lengths, fc.double({ min: 0, max: 0.5, noNaN: true }), async (sizes, killMs) => {
      const { world, server, attach, lease } = await streamScene({});
      const { client, kill } = await attach(2);
      const received: Uint8Array[] = [];
      let end: PromiseSettledResult<void> | undefined;
      serving(
        server,
        serve(async (_methodId, _payload, stream) => {
          end = await outcome(readUpTo(stream, Number.POSITIVE_INFINITY, received));
          await sendAll(stream, messagesOf(sizes));
        }),
      );
      const stream = client.stream(1, nothing);
      void outcome(sendAll(stream, messagesOf(sizes)));
      await world.clock.advance(killMs);
      kill();
      await world.clock.advance(5);
      expectPrefix(received, sizes);
      if (received.length < sizes.length) expect(end?.status).not.toBe('fulfilled');
      expect(lease.freeSlotCount).toBe(16);
      const next = await attach(16);
      const again = next.client.stream(1, nothing);
      void sendAll(again, []);
      expect(await world.clock.run(all(again))).toEqual(messagesOf(sizes));
    }),
    { numRuns: 60 },
  );
});
