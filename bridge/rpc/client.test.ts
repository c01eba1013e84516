import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Contention, DeadlineExceeded, FabricError, MalformedFrame, PayloadTooLarge, Unsupported } from '../errors.ts';
import { queuedCallsMax } from '../limits.ts';
import { RemoteError } from '../remote-error.ts';
import {
  granted,
  type HeldScene,
  heldScene,
  outcome,
  type ServedScene,
  servedScene,
  serving,
} from '../world.test.support.ts';
import { RpcClient } from './client.ts';
import type { RpcClientOptions } from './client-options.ts';
import { encodeRemoteError } from './error-payload.ts';
import { type RegionContent, type Regions, regionsOf, statuses } from './region.test.support.ts';
import { RpcServer } from './server.ts';

const nothing = new Uint8Array(0);
const echo = (_methodId: number, payload: Uint8Array) => payload;

async function clientScene(options: RpcClientOptions = {}): Promise<ServedScene & Regions & { client: RpcClient }> {
  const scene = await servedScene();
  const client = new RpcClient(scene.held, { wait: 'event', ...options });
  return { ...scene, ...regionsOf(scene.lease.window), client };
}

interface RawScene extends HeldScene, Regions {
  readonly client: RpcClient;
  /** Writes over the response, publishes its status, and wakes the client if it sleeps. */
  reply(content: Partial<RegionContent>): Promise<void>;
  /** Reads the request, and marks it as taken. */
  take(): RegionContent;
}

/** A client whose server is in the hands of the test. */
async function rawScene(options: RpcClientOptions = {}): Promise<RawScene> {
  const scene = granted();
  const { world, lease } = scene;
  const layout = { name: 'classic', slotCount: 1, slotStride: 0 } as const;
  const port = lease.openServer(layout, { clientCame: () => undefined, clientGone: () => undefined });
  const holder = world.process();
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }));
  const client = new RpcClient(held, { wait: 'event', ...options });
  const { request, response } = regionsOf(lease.window);
  const reply = async ({ status = response.status, ...content }: Partial<RegionContent>) => {
    response.write(content);
    port.publish(0, 0, 32768, 0, status);
    await world.clock.settle();
  };
  const take = () => {
    const content = request.read();
    request.write({ status: statuses.processing });
    return content;
  };
  return { ...scene, holder, held, client, request, response, reply, take };
}

/** A call that answered with bytes. */
const answered = (value: Uint8Array) => ({ status: 'fulfilled', value });
const failed = (error: Record<string, unknown>) => ({ status: 'rejected', reason: expect.objectContaining(error) });

describe('opening', () => {
  test('takes the slot, once', async () => {
    const { held } = await servedScene();
    new RpcClient(held);
    expect(() => new RpcClient(held)).toThrow(Contention);
  });

  test('without a server, or without a slot, is Unsupported', async () => {
    expect(() => new RpcClient(granted().lease)).toThrow(Unsupported);
    const { held } = await heldScene();
    expect(() => new RpcClient(held)).toThrow(Unsupported);
  });

  test('works at home too, where only one may', async () => {
    const { lease, world } = granted();
    const server = new RpcServer(lease, { wait: 'event' });
    serving(server, echo);
    const client = new RpcClient(lease, { wait: 'event' });
    expect(await world.clock.run(client.call(1, Uint8Array.of(5)))).toEqual(Uint8Array.of(5));
    expect(() => client.callSync(1, nothing)).toThrow(Unsupported);
    expect(() => new RpcClient(lease)).toThrow(Contention);
  });

  test.each([0, -1, Number.NaN])('with a deadline of %d ms is refused', async (deadlineMs) => {
    const { held } = await servedScene();
    expect(() => new RpcClient(held, { deadlineMs })).toThrow(RangeError);
  });

  test('with options that are refused leaves the slot to a better one', async () => {
    const { held } = await servedScene();
    expect(() => new RpcClient(held, { deadlineMs: 0 })).toThrow(RangeError);
    new RpcClient(held, { deadlineMs: 1 });
  });
});

describe.each(['busy', 'adaptive', 'event'] as const)('calls, waiting %s', (wait) => {
  test('are each answered with their own response, in order', async () => {
    const scene = await servedScene({ readMs: 2 ** -7, wait });
    serving(scene.server, (methodId, payload) => Uint8Array.of(methodId, ...payload));
    const client = new RpcClient(scene.held, { wait });
    const calls = Array.from({ length: 30 }, (_, index) => client.call(index, Uint8Array.of(index, 1)));
    const answers = await scene.world.clock.run(Promise.all(calls));
    expect(answers).toEqual(calls.map((_, index) => Uint8Array.of(index, index, 1)));
  });

  test('of any size keep their bytes', async () => {
    const scene = await servedScene({ readMs: 2 ** -7, wait });
    serving(scene.server, (methodId, payload) => (methodId === 0 ? payload : Promise.resolve(payload)));
    const client = new RpcClient(scene.held, { wait });
    for (const bytes of [0, 1, 63, 64, 65, 127, 128, 129, 4096, 32750, 32751]) {
      const payload = Uint8Array.from({ length: bytes }, (_, index) => index ^ bytes);
      for (const methodId of [0, 1]) {
        const answer = await scene.world.clock.run(client.call(methodId, payload));
        expect(Buffer.compare(answer, payload)).toBe(0);
        if (methodId === 0) expect(Buffer.compare(client.callSync(methodId, payload), payload)).toBe(0);
      }
    }
  });

  test('mix with blocking ones, which come after those that wait', async () => {
    const scene = await servedScene({ readMs: 2 ** -7, wait });
    const seen: number[] = [];
    serving(scene.server, (methodId) => {
      seen.push(methodId);
      return Uint8Array.of(methodId);
    });
    const client = new RpcClient(scene.held, { wait });
    const calls = [client.call(1, nothing), client.call(2, nothing), client.call(3, nothing)];
    expect(client.callSync(4, nothing)).toEqual(Uint8Array.of(4));
    const answers = await scene.world.clock.run(Promise.all(calls));
    expect(answers.map(([methodId]) => methodId)).toEqual([1, 2, 3]);
    expect(seen).toEqual([1, 2, 3, 4]);
  });
});

test('a response is the caller’s alone', async () => {
  const { world, server, client, lease } = await clientScene();
  serving(server, echo);
  const one = await world.clock.run(client.call(1, Uint8Array.of(1, 1, 1)));
  const two = await world.clock.run(client.call(1, Uint8Array.of(2, 2, 2)));
  lease.window.arena.fill(0xff, 0, 32768);
  one.fill(7);
  expect(two).toEqual(Uint8Array.of(2, 2, 2));
});

describe('a request', () => {
  /** Three calls, two of which wait, whose payloads are overwritten at once. */
  async function overwritten(make: (bytes: number[]) => Uint8Array): Promise<number[][]> {
    const { world, server, client } = await clientScene();
    const payloads = [make([1, 1]), make([2, 2]), make([3, 3])];
    const calls = payloads.map((payload) => client.call(1, payload));
    for (const payload of payloads) payload.fill(0xee);
    serving(server, echo);
    return (await world.clock.run(Promise.all(calls))).map((answer) => [...answer]);
  }
  const asPosted = [
    [1, 1],
    [2, 2],
    [3, 3],
  ];

  test('is copied before call() returns, though it has to wait', async () => {
    expect(await overwritten((bytes) => Uint8Array.from(bytes))).toEqual(asPosted);
    expect(await overwritten((bytes) => Uint8Array.from([9, ...bytes, 9]).subarray(1, 3))).toEqual(asPosted);
  });

  test('in a Buffer, whose slice() is no copy, is copied too', async () => {
    expect(await overwritten((bytes) => Buffer.from(bytes))).toEqual(asPosted);
  });

  const faulty: [string, number, unknown, typeof PayloadTooLarge | typeof TypeError | typeof RangeError][] = [
    ['a payload too large', 1, new Uint8Array(32752), PayloadTooLarge],
    ['no bytes', 1, 'text', TypeError],
    ['nothing', 1, undefined, TypeError],
    ['a method id below 0', -1, nothing, RangeError],
    ['a method id of 33 bits', 2 ** 32, nothing, RangeError],
    ['a method id with a fraction', 0.5, nothing, RangeError],
  ];

  test.each(faulty)(
    'with %s fails before anything is written, in its turn or out of it',
    async (_what, methodId, payload, failure) => {
      const { world, server, client, lease } = await clientScene();
      const wrong = payload as Uint8Array;
      await expect(client.call(methodId, wrong)).rejects.toBeInstanceOf(failure);
      expect(() => client.callSync(methodId, wrong)).toThrow(failure);
      expect(lease.window.arena.every((byte) => byte === 0)).toBe(true);
      const calls = [
        client.call(1, Uint8Array.of(1)),
        outcome(client.call(methodId, wrong)),
        client.call(1, Uint8Array.of(3)),
      ];
      serving(server, echo);
      const [one, two, three] = await world.clock.run(Promise.all(calls));
      expect([one, three]).toEqual([Uint8Array.of(1), Uint8Array.of(3)]);
      expect(two).toMatchObject({ status: 'rejected', reason: expect.any(failure) });
    },
  );

  test.each([0, -5, Number.NaN])('with a deadline of %d ms is never posted', async (deadlineMs) => {
    const { client, request } = await clientScene();
    await expect(client.call(1, nothing, { deadlineMs })).rejects.toThrow(RangeError);
    expect(() => client.callSync(1, nothing, { deadlineMs })).toThrow(RangeError);
    expect(request.status).toBe(statuses.empty);
  });

  test('that finds too many waiting is refused', async () => {
    const { world, client, lease } = await clientScene();
    const calls = Array.from({ length: queuedCallsMax + 1 }, () =>
      outcome(client.call(1, nothing, { deadlineMs: Number.POSITIVE_INFINITY })),
    );
    await expect(client.call(1, nothing)).rejects.toMatchObject({ code: 'CapacityExceeded' });
    await lease.release();
    await world.clock.settle();
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set(['rejected']));
  });
});

describe('a handler’s failure', () => {
  test('is a RemoteError, and the next call is none the worse', async () => {
    const { world, server, client } = await clientScene();
    serving(server, (methodId, payload) => {
      if (methodId === 1) throw new RemoteError('mine', { code: -1 });
      if (methodId === 2) throw RemoteError.unknownMethod(2);
      return payload;
    });
    const calls = [1, 2, 3].map((methodId) => outcome(client.call(methodId, Uint8Array.of(methodId))));
    const [one, two, three] = await world.clock.run(Promise.all(calls));
    expect(one).toEqual(failed({ name: 'RemoteError', kind: 'handler', code: -1, message: 'mine' }));
    expect(two).toEqual(failed({ name: 'RemoteError', kind: 'unknown-method' }));
    expect(three).toEqual(answered(Uint8Array.of(3)));
    expect(() => client.callSync(1, nothing)).toThrow(RemoteError);
    expect(client.callSync(3, Uint8Array.of(4))).toEqual(Uint8Array.of(4));
  });
});

/** What became of promises so far. */
function noting(calls: Promise<Uint8Array>[]): unknown[] {
  const seen: unknown[] = calls.map(() => 'waiting');
  for (const [index, call] of calls.entries()) {
    call.then(
      (value) => {
        seen[index] = [...value];
      },
      (error: FabricError) => {
        seen[index] = error.code;
      },
    );
  }
  return seen;
}

const ready = statuses.responseReady;

describe('a response', () => {
  test('to the current request completes it', async () => {
    const { client, take, reply } = await rawScene();
    const seen = noting([client.call(1, nothing)]);
    await reply({ id: take().id, payload: Uint8Array.of(5), status: ready });
    expect(seen).toEqual([[5]]);
  });

  test.each([
    ['the past', -1n],
    ['long past', -1000n],
    ['the future', 1n],
    ['another session', 1n << 44n],
    ['nothing', -1001n],
  ])('to a request of %s is dropped, and the right one still completes it', async (_what, offset) => {
    const { world, client, take, reply, response } = await rawScene();
    for (let i = 0; i < 1000; i++) {
      const call = client.call(1, nothing);
      await reply({ id: take().id, payload: nothing, status: ready });
      await world.clock.run(call);
    }
    const seen = noting([client.call(1, nothing)]);
    const { id } = take();
    expect(id).toBe(1001n);
    await reply({ id: id + offset, payload: Uint8Array.of(6), status: ready });
    expect(seen).toEqual(['waiting']);
    expect(response.status).toBe(statuses.empty);
    await reply({ id: id + offset, payload: nothing, status: statuses.error });
    expect(seen).toEqual(['waiting']);
    await reply({ id, payload: Uint8Array.of(7), status: ready });
    expect(seen).toEqual([[7]]);
  });

  test('that comes twice is taken once, and does not answer the next', async () => {
    const { client, take, reply } = await rawScene();
    const seen = noting([client.call(1, nothing), client.call(2, nothing)]);
    const first = { id: take().id, payload: Uint8Array.of(1), status: ready };
    await reply(first);
    expect(seen).toEqual([[1], 'waiting']);
    await reply(first);
    expect(seen).toEqual([[1], 'waiting']);
    const second = take();
    expect(second.methodId).toBe(2);
    await reply({ id: second.id, payload: Uint8Array.of(2), status: ready });
    expect(seen).toEqual([[1], [2]]);
  });

  test('to nothing at all, while the client rests, is dropped by the next call', async () => {
    const { client, take, reply } = await rawScene();
    await reply({ id: 0n, payload: Uint8Array.of(9), status: ready });
    await reply({ id: 1n, payload: Uint8Array.of(9), bytes: 2 ** 32 - 1, status: ready });
    const [call] = [outcome(client.call(1, nothing))];
    const { id } = take();
    await reply({ id, payload: Uint8Array.of(1), status: ready });
    // What lay there may have spoilt this call: with a typed error, and not a wrong answer.
    const result = await call;
    if (result?.status === 'fulfilled') expect(result.value).toEqual(Uint8Array.of(1));
    else expect(result?.reason).toBeInstanceOf(FabricError);
  });

  test('of the client before does not reach the next one', async () => {
    const { world, lease, client, held, take, reply } = await rawScene();
    const seen = noting([client.call(1, nothing)]);
    const { id } = take();
    await world.clock.run(held.release());
    expect(seen).toEqual(['Revoked']);
    const next = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    const nextSeen = noting([new RpcClient(next, { wait: 'event' }).call(1, nothing)]);
    await reply({ id, payload: Uint8Array.of(6), status: ready });
    expect(nextSeen).toEqual(['waiting']);
    await reply({ id: take().id, payload: Uint8Array.of(7), status: ready });
    expect(nextSeen).toEqual([[7]]);
  });

  test.each([
    ['status 1', { status: 1 }],
    ['status 2', { status: 2 }],
    ['status 5', { status: 5 }],
    ['status 255', { status: 255 }],
    ['32752 bytes', { status: ready, bytes: 32752 }],
    ['2^32 - 1 bytes', { status: ready, bytes: 2 ** 32 - 1 }],
    ['an error of 32752 bytes', { status: statuses.error, bytes: 32752 }],
  ])('of %s fails the call as malformed, which may have run', async (_what, content) => {
    const { client, take, reply, lease } = await rawScene();
    const call = outcome(client.call(1, nothing));
    await reply({ id: take().id, payload: nothing, ...content });
    expect(await call).toEqual(failed({ code: 'MalformedFrame', mayHaveExecuted: true }));
    expect(lease.context.metrics.malformedFrames).toBe(0);
    expect(client.lease.context.metrics.malformedFrames).toBe(1);
    const seen = noting([client.call(1, nothing)]);
    await reply({ id: take().id, payload: Uint8Array.of(1), status: ready });
    expect(seen).toEqual([[1]]);
  });

  test('that is an error of no sense is malformed, and one of sense is the handler’s', async () => {
    const { client, take, reply } = await rawScene();
    for (const payload of [nothing, Uint8Array.of(1, 0, 0, 0, 0, 0, 0), new Uint8Array(8)]) {
      const call = outcome(client.call(1, nothing));
      await reply({ id: take().id, payload, status: statuses.error });
      expect(await call).toEqual(failed({ code: 'MalformedFrame' }));
    }
    const call = outcome(client.call(1, nothing));
    const payload = encodeRemoteError(new RemoteError('mine', { code: 3 }));
    await reply({ id: take().id, payload, status: statuses.error });
    expect(await call).toEqual(failed({ name: 'RemoteError', code: 3, message: 'mine' }));
  });
});

describe('a hostile server', () => {
  const content: fc.Arbitrary<Partial<RegionContent>> = fc.record({
    id: fc.oneof(fc.bigInt({ min: 0n, max: 8n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    methodId: fc.nat(2 ** 32 - 1),
    bytes: fc.oneof(fc.nat(40), fc.nat(2 ** 32 - 1), fc.constantFrom(32751, 32752)),
    status: fc.oneof(fc.constantFrom(3, 4), fc.nat(255)),
    payload: fc.uint8Array({ maxLength: 40 }),
  });
  const move = fc.oneof(
    fc.record({ do: fc.constant('call' as const) }),
    fc.record({ do: fc.constant('reply' as const), content }),
    fc.record({ do: fc.constant('overwrite' as const), bytes: fc.uint8Array({ maxLength: 64 }) }),
    fc.record({ do: fc.constant('answer rightly' as const) }),
    fc.record({ do: fc.constant('let time pass' as const), ms: fc.nat(2000) }),
  );

  test('gets nothing out of a client but the bytes that stand in the response, or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 25 }), async (moves) => {
        const { world, client, held, lease, request, response, reply } = await rawScene();
        const results: PromiseSettledResult<Uint8Array>[] = [];
        let calls = 0;
        // Every payload that ever stood under an id: what a call may resolve to.
        const written = new Map<bigint, string[]>();
        const note = () => {
          const { id, payload } = response.read();
          written.set(id, [...(written.get(id) ?? []), Buffer.from(payload).toString('hex')]);
        };
        for (const step of moves) {
          if (step.do === 'call') {
            calls += 1;
            void outcome(client.call(calls, Uint8Array.of(calls), { deadlineMs: 1000 })).then((result) =>
              results.push(result),
            );
          }
          if (step.do === 'reply') {
            response.write({ ...step.content, status: statuses.empty });
            note();
            await reply({ status: step.content.status ?? 3 });
          }
          if (step.do === 'overwrite') {
            response.overwrite(step.bytes);
            note();
            await reply({});
          }
          if (step.do === 'answer rightly') {
            response.write({ id: request.id, payload: Uint8Array.of(1, 2, 3), status: statuses.empty });
            note();
            await reply({ status: ready });
          }
          if (step.do === 'let time pass') await world.clock.advance(step.ms);
        }
        await lease.release();
        await world.clock.advance(10_000);
        expect(results).toHaveLength(calls);
        const all = [...written.values()].flat();
        for (const result of results) {
          if (result.status === 'fulfilled') expect(all).toContain(Buffer.from(result.value).toString('hex'));
          else expect(result.reason instanceof FabricError || result.reason instanceof RemoteError).toBe(true);
        }
        expect(held.status).not.toBe('active');
        expect(world.clock.pending).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('cannot make a client that blocks wait beyond its deadline, nor throw what has no type', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.nat(255), async (bytes, status) => {
        const { world, client, response } = await rawScene();
        // Between posting and looking, as another process would.
        world.clock.after(5, () => {
          response.overwrite(bytes);
          response.write({ status });
        });
        const startedMs = world.clock.timeMs;
        try {
          client.callSync(1, nothing, { deadlineMs: 100 });
        } catch (error) {
          expect(error instanceof FabricError || error instanceof RemoteError).toBe(true);
        }
        expect(world.clock.timeMs - startedMs).toBeLessThanOrEqual(101);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a deadline', () => {
  test('of a call that was posted leaves it unsaid whether it ran', async () => {
    const { world, client, server } = await clientScene();
    const call = outcome(client.call(1, nothing, { deadlineMs: 100 }));
    await world.clock.advance(99);
    expect(server.ready).toBe(true);
    await world.clock.advance(1);
    expect(await call).toEqual(failed({ code: 'DeadlineExceeded', mayHaveExecuted: true }));
  });

  test('of a call that waited says that it did not run, and it never does', async () => {
    const { world, client, server } = await clientScene();
    const first = client.call(1, nothing);
    const second = outcome(client.call(2, nothing, { deadlineMs: 100 }));
    const third = client.call(3, nothing);
    await world.clock.advance(100);
    expect(await second).toEqual(failed({ code: 'DeadlineExceeded', mayHaveExecuted: false }));
    const seen: number[] = [];
    serving(server, (methodId) => {
      seen.push(methodId);
      return Uint8Array.of(methodId);
    });
    expect(await world.clock.run(Promise.all([first, third]))).toEqual([Uint8Array.of(1), Uint8Array.of(3)]);
    expect(seen).toEqual([1, 3]);
  });

  test('keeps the slot taken until the late response has come, which is dropped', async () => {
    const { world, client, take, reply, request } = await rawScene();
    const first = outcome(client.call(1, nothing, { deadlineMs: 100 }));
    const { id } = take();
    await world.clock.advance(100);
    expect((await first).status).toBe('rejected');
    const seen = noting([client.call(2, nothing)]);
    await world.clock.advance(1000);
    expect([request.id, request.status]).toEqual([id, statuses.processing]);
    await reply({ id, payload: Uint8Array.of(1), status: ready });
    expect(seen).toEqual(['waiting']);
    const second = take();
    expect([second.id, second.methodId]).toEqual([id + 1n, 2]);
    await reply({ id: second.id, payload: Uint8Array.of(2), status: ready });
    expect(seen).toEqual([[2]]);
  });

  test('keeps the slot taken for those that block, too', async () => {
    const { world, client, take, reply, request } = await rawScene();
    expect(() => client.callSync(1, nothing, { deadlineMs: 100 })).toThrow(DeadlineExceeded);
    const { id } = take();
    try {
      client.callSync(2, nothing, { deadlineMs: 100 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'DeadlineExceeded', mayHaveExecuted: false });
    }
    expect(request.id).toBe(id);
    await reply({ id, payload: Uint8Array.of(1), status: ready });
    const seen = noting([client.call(3, nothing)]);
    const next = take();
    expect(next.methodId).toBe(3);
    await reply({ id: next.id, payload: Uint8Array.of(3), status: ready });
    expect([seen, world.clock.timeMs]).toEqual([[[3]], 200]);
  });

  test('is the client’s where a call names none, and none where that is Infinity', async () => {
    const { world, client } = await clientScene({ deadlineMs: 500 });
    const calls = noting([
      client.call(1, nothing),
      client.call(2, nothing, { deadlineMs: Number.POSITIVE_INFINITY }),
      client.call(3, nothing, { deadlineMs: 1000 }),
    ]);
    await world.clock.advance(499);
    expect(calls).toEqual(['waiting', 'waiting', 'waiting']);
    await world.clock.advance(1);
    expect(calls).toEqual(['DeadlineExceeded', 'waiting', 'waiting']);
    await world.clock.advance(500);
    expect(calls).toEqual(['DeadlineExceeded', 'waiting', 'DeadlineExceeded']);
    await world.clock.advance(58_000);
    expect(calls).toEqual(['DeadlineExceeded', 'waiting', 'DeadlineExceeded']);
  });
});

describe('the lease’s end', () => {
  test.each([
    [statuses.requestReady, false],
    [statuses.processing, true],
  ])(
    'fails the call in the slot, of status %d, with mayHaveExecuted %s, and those that wait without',
    async (status, mayHaveExecuted) => {
      const { world, client, lease, request } = await rawScene();
      const calls = [outcome(client.call(1, nothing)), outcome(client.call(2, nothing))];
      request.write({ status });
      await lease.revoke();
      const [first, second] = await world.clock.run(Promise.all(calls));
      expect(first).toEqual(failed({ code: 'Revoked', mayHaveExecuted }));
      expect(second).toEqual(failed({ code: 'Revoked', mayHaveExecuted: false }));
      await expect(client.call(3, nothing)).rejects.toMatchObject({ code: 'Revoked', mayHaveExecuted: false });
      expect(() => client.callSync(3, nothing)).toThrow('revoked');
    },
  );

  test('by the server’s death is Disconnected, at once', async () => {
    const { world, client, home, take } = await rawScene();
    const call = outcome(client.call(1, nothing));
    take();
    home.kill();
    await world.clock.settle();
    expect(await call).toEqual(failed({ code: 'Disconnected', mayHaveExecuted: true }));
  });

  test('that a stopped client slept through fails its first call, with nothing posted', async () => {
    const { world, client, holder, request } = await rawScene();
    holder.freeze();
    await world.clock.advance(59_999);
    const { id } = request;
    await world.clock.advance(1);
    await expect(client.call(1, nothing)).rejects.toMatchObject({ code: 'LeaseExpired', mayHaveExecuted: false });
    expect(() => client.callSync(1, nothing)).toThrow('expired');
    expect(id).toBe(0n);
    expect(client.lease.status).toBe('expired');
  });

  test('by expiry fails what waits, whatever its own deadline', async () => {
    const { world, client } = await rawScene();
    const call = outcome(client.call(1, nothing, { deadlineMs: Number.POSITIVE_INFINITY }));
    await world.clock.advance(60_000);
    expect(await call).toEqual(failed({ code: 'LeaseExpired' }));
    expect(world.clock.pending).toBe(0);
  });

  test.each(['busy', 'adaptive', 'event'] as const)('wakes a client that blocks, waiting %s', async (wait) => {
    for (const kill of [true, false]) {
      const scene = await servedScene({ readMs: 2 ** -4, wait });
      const client = new RpcClient(scene.held, { wait });
      scene.world.clock.after(50, () => {
        if (kill) scene.home.kill();
        else scene.lease.end('revoked');
      });
      const startedMs = scene.world.clock.timeMs;
      const code = kill ? 'Disconnected' : 'Revoked';
      try {
        client.callSync(1, nothing);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code, mayHaveExecuted: false });
      }
      expect(scene.world.clock.timeMs - startedMs).toBeLessThan(60);
    }
  });

  test('by its own deadline ends a call that blocks, although no timer can run', async () => {
    const { world, lease, client } = await rawScene();
    try {
      client.callSync(1, nothing, { deadlineMs: Number.POSITIVE_INFINITY });
      expect.unreachable();
    } catch (error) {
      // The home has not ended it yet: a server may still come by.
      expect(error).toMatchObject({ code: 'LeaseExpired', mayHaveExecuted: true });
    }
    expect(lease.status).toBe('active');
    expect(world.clock.timeMs).toBeLessThanOrEqual(60_000);
  });

  test.each([
    ['released', true],
    ['expired', true],
    ['disconnected', false],
  ] as const)(
    'as %s here says of a request that was not taken: mayHaveExecuted %s',
    async (status, mayHaveExecuted) => {
      const { client, held } = await rawScene();
      const call = outcome(client.call(1, nothing));
      held.end(status);
      expect(await call).toMatchObject({ status: 'rejected', reason: { mayHaveExecuted } });
    },
  );
});

describe('a response that comes just as the client falls asleep, from a server that saw nobody asleep', () => {
  /** A client whose response is written, and no bell rung, at the moment before it says that it sleeps. */
  async function answeredWhileArming(): Promise<{ scene: HeldScene; client: RpcClient }> {
    const scene = granted();
    const { world, lease } = scene;
    const layout = { name: 'classic', slotCount: 1, slotStride: 0 } as const;
    lease.openServer(layout, { clientCame: () => undefined, clientGone: () => undefined });
    const holder = world.process();
    const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }));
    const slot = held.claimClientSlots(1);
    const arm = slot.port.arm.bind(slot.port);
    slot.port.arm = () => {
      const { request, response } = regionsOf(lease.window);
      response.write({ id: request.id, payload: Uint8Array.of(4), status: ready });
      arm();
    };
    vi.spyOn(held, 'claimClientSlots').mockReturnValue(slot);
    return { scene: { ...scene, holder, held }, client: new RpcClient(held, { wait: 'event' }) };
  }

  test('is seen', async () => {
    const { scene, client } = await answeredWhileArming();
    expect(await scene.world.clock.run(client.call(1, nothing), 1)).toEqual(Uint8Array.of(4));
  });

  test('is seen by one that blocks', async () => {
    const { scene, client } = await answeredWhileArming();
    expect(client.callSync(1, nothing)).toEqual(Uint8Array.of(4));
    expect(scene.world.clock.timeMs).toBeLessThan(1);
  });
});

describe('memory that cannot be a slot', () => {
  const nobody = { clientCame: () => undefined, clientGone: () => undefined };

  test.each([
    ['a lease too small for both regions', { name: 'classic', slotCount: 1, slotStride: 0 }],
    ['slots that do not fit the lease', { name: 'slots', slotCount: 2, slotStride: 4096 }],
    ['slots that share a line', { name: 'slots', slotCount: 2, slotStride: 100 }],
  ] as const)('is refused with a typed error: %s', async (_what, layout) => {
    const { world, lease } = granted({ minBytes: 4096 });
    lease.openServer(layout, nobody);
    const attached = world.process().agent.attach(lease.id, { slots: 1 });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(MalformedFrame);
    await world.clock.settle();
    expect(lease.freeSlotCount).toBe(layout.slotCount);
  });
});
