import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Contention, LeaseExpired, Revoked, Unsupported } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import { granted, type ServedScene, servedScene } from '../world.test.support.ts';
import { decodeRemoteError } from './error-payload.ts';
import { type Region, type RegionContent, type Regions, regionsOf, statuses } from './region.test.support.ts';
import type { RpcHandler } from './rpc-handler.ts';
import { RpcServer } from './server.ts';
import { SessionIds } from './server-path.ts';

const echo: RpcHandler = { handle: (_methodId, payload) => payload };

interface RawScene extends ServedScene, Regions {}

/** A server, and its client’s memory in the hands of the test. */
async function rawScene(minBytes?: number): Promise<RawScene> {
  const scene = await servedScene(minBytes === undefined ? {} : { minBytes });
  return { ...scene, ...regionsOf(scene.held.window) };
}

const ask = (request: Region, id: bigint, payload = new Uint8Array(0)) =>
  request.write({ id, methodId: 1, payload, status: statuses.requestReady });

const errorIn = (response: Region) => decodeRemoteError(response.read().payload);

describe('opening', () => {
  test('takes a lease of this process, of 65536 bytes or more, without a server', async () => {
    const { lease, held } = await servedScene();
    expect(() => new RpcServer(lease)).toThrow(Contention);
    expect(() => new RpcServer(held)).toThrow(Unsupported);
    expect(() => new RpcServer(granted({ minBytes: 65535 - 4096 }).lease)).toThrow(Unsupported);
    expect(lease.readLayout()).toEqual({ name: 'classic', slotCount: 1, slotStride: 0 });
  });
});

describe('pollOnce', () => {
  test('does nothing while there is no request, whatever else the status says', async () => {
    const { server, request, response } = await rawScene();
    for (const status of [0, 2, 3, 4, 5, 255]) {
      request.write({ id: 1n, methodId: 1, bytes: 0, status });
      expect(server.pollOnce({ handle: () => expect.unreachable() })).toBe(false);
      expect([server.ready, response.status]).toEqual([false, statuses.empty]);
    }
  });

  test('hands the handler its own copy, and writes its answer', async () => {
    const { server, request, response } = await rawScene();
    let kept = new Uint8Array(0);
    ask(request, 1n, Uint8Array.of(1, 2, 3));
    expect(server.ready).toBe(true);
    server.pollOnce({
      handle: (methodId, payload) => {
        kept = payload as Uint8Array<ArrayBuffer>;
        request.write({ payload: Uint8Array.of(9, 9, 9) });
        return Uint8Array.of(methodId, ...payload);
      },
    });
    expect(response.read()).toMatchObject({ id: 1n, status: statuses.responseReady, bytes: 4 });
    expect(response.read().payload).toEqual(Uint8Array.of(1, 1, 2, 3));
    expect(kept).toEqual(Uint8Array.of(1, 2, 3));
  });

  test.each([0, 1, 64, 65, 4096, 32750, 32751])('carries %d bytes either way', async (bytes) => {
    const { server, request, response } = await rawScene();
    const payload = Uint8Array.from({ length: bytes }, (_, index) => index * 7);
    ask(request, 1n, payload);
    server.pollOnce(echo);
    expect(Buffer.compare(response.read().payload, payload)).toBe(0);
  });

  test('throws the lease’s error once that has ended, and nothing else', async () => {
    const { world, server } = await rawScene();
    await world.clock.advance(60_000);
    expect(() => server.pollOnce(echo)).toThrow(LeaseExpired);
  });

  test('whose handler ends the lease answers nobody, and throws nothing', async () => {
    for (const answer of [
      () => new Uint8Array(1),
      () => {
        throw new Error('after the end');
      },
    ]) {
      const { server, lease, request } = await rawScene();
      ask(request, 1n);
      const handle = () => {
        lease.end('released');
        return answer();
      };
      expect(server.pollOnce({ handle })).toBe(true);
      expect(() => server.pollOnce({ handle })).toThrow(Revoked);
    }
  });
});

describe('what a handler does wrong reaches the client', () => {
  const answered = async (handle: RpcHandler['handle']) => {
    const { world, server, request, response, holder } = await rawScene();
    ask(request, 1n);
    server.pollOnce({ handle });
    await world.clock.settle();
    expect(response.read()).toMatchObject({ id: 1n, status: statuses.error });
    expect(holder.dead).toBe(false);
    return errorIn(response);
  };
  const mute = Object.create(null);

  test.each([
    ['an Error', new Error('boom'), { kind: 'handler', code: 0, message: 'boom' }],
    ['a RemoteError', new RemoteError('mine', { code: -7 }), { kind: 'handler', code: -7, message: 'mine' }],
    ['an unknown method', RemoteError.unknownMethod(9), { kind: 'unknown-method' }],
    ['a string', 'text', { kind: 'handler', message: 'text' }],
    ['nothing', undefined, { kind: 'handler' }],
    ['what has no words', mute, { kind: 'handler' }],
  ])('%s, thrown or rejected with', async (_what, thrown, expected) => {
    const throwing = () => {
      throw thrown;
    };
    expect(await answered(throwing)).toMatchObject(expected);
    expect(await answered(() => Promise.reject(thrown))).toMatchObject(expected);
  });

  test.each([
    ['nothing', undefined],
    ['text', 'text'],
    ['numbers', [1, 2]],
    ['a buffer', new ArrayBuffer(2)],
  ])('%s, returned or resolved to', async (_what, value) => {
    const wrong = value as unknown as Uint8Array;
    const expected = { kind: 'handler', message: 'the handler returned no Uint8Array' };
    expect(await answered(() => wrong)).toMatchObject(expected);
    expect(await answered(() => Promise.resolve(wrong))).toMatchObject(expected);
  });

  test('more bytes than fit', async () => {
    const tooMany = new Uint8Array(32752);
    const expected = { kind: 'response-too-large', message: expect.stringContaining('32752') };
    expect(await answered(() => tooMany)).toMatchObject(expected);
    expect(await answered(async () => tooMany)).toMatchObject(expected);
  });

  test('a promise that is none of ours', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: what a hostile handler may return
      then: () => {
        throw new Error('in then');
      },
    };
    expect(await answered(() => thenable as unknown as Promise<Uint8Array>)).toMatchObject({ message: 'in then' });
  });
});

describe('a handler that takes its time', () => {
  test('is answered when it settles', async () => {
    const { world, server, request, response } = await rawScene();
    ask(request, 1n, Uint8Array.of(5));
    let settle: (bytes: Uint8Array) => void = () => undefined;
    server.pollOnce({
      handle: () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    });
    await world.clock.advance(1000);
    expect([server.running, request.status, response.status]).toEqual([1, statuses.processing, statuses.empty]);
    settle(Uint8Array.of(6));
    await world.clock.settle();
    expect(server.running).toBe(0);
    expect(response.read()).toMatchObject({ id: 1n, status: statuses.responseReady, payload: Uint8Array.of(6) });
  });

  test('is answered under its own id, though a client that does not wait has asked again: that comes after it', async () => {
    const { world, server, request, response } = await rawScene();
    const settle: ((bytes: Uint8Array) => void)[] = [];
    const handle = () => new Promise<Uint8Array>((resolve) => settle.push(resolve));
    ask(request, 1n);
    expect(server.pollOnce({ handle })).toBe(true);
    ask(request, 2n);
    expect([server.pollOnce({ handle }), server.ready, server.running]).toEqual([false, false, 1]);
    for (const index of [0, 1]) {
      settle[index]?.(Uint8Array.of(index));
      await world.clock.settle();
      expect(response.read()).toMatchObject({ id: BigInt(index + 1), payload: Uint8Array.of(index) });
      server.pollOnce({ handle });
    }
  });

  test('whose client has gone is answered to nobody, least of all to the next client', async () => {
    const { world, server, lease, holder, request, response } = await rawScene();
    let settle: (bytes: Uint8Array) => void = () => undefined;
    ask(request, 1n);
    server.pollOnce({
      handle: () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    });
    holder.kill();
    await world.clock.settle();
    await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    settle(Uint8Array.of(6));
    await world.clock.settle();
    expect([response.status, response.id, server.running]).toEqual([statuses.empty, 0n, 0]);
  });

  test('whose lease has ended is answered to nobody', async () => {
    const { world, server, lease, request } = await rawScene();
    let settle: (bytes: Uint8Array) => void = () => undefined;
    ask(request, 1n);
    server.pollOnce({
      handle: () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    });
    await lease.revoke();
    settle(Uint8Array.of(6));
    await world.clock.settle();
    expect(server.running).toBe(0);
  });
});

describe('ids', () => {
  /** Runs a sequence of ids, and says which of them reached the handler. */
  async function ran(ids: readonly bigint[]): Promise<bigint[]> {
    const { server, request, response } = await rawScene();
    const reached: bigint[] = [];
    for (const id of ids) {
      ask(request, id);
      server.pollOnce({
        handle: () => {
          reached.push(id);
          return new Uint8Array(0);
        },
      });
      expect(response.id).toBe(id);
    }
    return reached;
  }

  test('have to rise', async () => {
    expect(await ran([1n, 2n, 3n])).toEqual([1n, 2n, 3n]);
    expect(await ran([5n, 4n, 5n, 6n])).toEqual([5n, 6n]);
    expect(await ran([1n, 1n])).toEqual([1n]);
    expect(await ran([0n])).toEqual([]);
  });

  test('may leave some out, also where 32 bits end', async () => {
    const ids = [1n, 1000n, 0xffff_ffffn, 0x1_0000_0000n, 0xfff_ffff_ffffn];
    expect(await ran(ids)).toEqual(ids);
    expect(await ran([0x1_0000_0000n, 0xffff_ffffn])).toEqual([0x1_0000_0000n]);
    expect(await ran([0x8000_0000n, 0x7fff_ffffn])).toEqual([0x8000_0000n]);
  });

  test('rise also for the last of all sessions, whose ids have the highest bit', () => {
    const ids = new SessionIds(2 ** 20 - 1);
    for (const [low, high] of [
      [1, -4096],
      [2, -4096],
      [-1, -1],
    ] as const) {
      expect(ids.fault(low, high)).toBeUndefined();
      ids.use(low, high);
    }
    expect(ids.fault(3, -4096)).toMatch('does not rise');
    expect(ids.fault(3, 0)).toMatch('session 0');
  });

  test('of another session are refused', async () => {
    expect(await ran([1n << 44n, (1n << 64n) - 1n, 7n])).toEqual([7n]);
  });

  test('of the client before are refused to the next', async () => {
    const { world, lease, server, holder, request } = await rawScene();
    ask(request, 1n);
    server.pollOnce(echo);
    holder.kill();
    await world.clock.settle();
    const next = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    const regions = regionsOf(next.window);
    ask(regions.request, 2n);
    server.pollOnce({ handle: () => expect.unreachable() });
    expect(errorIn(regions.response)).toMatchObject({ kind: 'malformed-request' });
    ask(regions.request, (1n << 44n) + 1n);
    server.pollOnce(echo);
    expect(regions.response.read().status).toBe(statuses.responseReady);
  });

  test('of nobody, while the slot is free, are left unanswered', async () => {
    const { world, lease, server, held } = await rawScene();
    await world.clock.run(held.release());
    const { request, response } = regionsOf(lease.window);
    ask(request, 1n);
    server.pollOnce({ handle: () => expect.unreachable() });
    expect(response.status).toBe(statuses.empty);
  });
});

describe('a malformed request', () => {
  test.each([32752, 65536, 2 ** 31, 2 ** 32 - 1])('of %d bytes is refused, and runs nothing', async (bytes) => {
    const { server, request, response, lease } = await rawScene();
    request.write({ id: 1n, methodId: 1, bytes, status: statuses.requestReady });
    expect(server.pollOnce({ handle: () => expect.unreachable() })).toBe(true);
    expect(errorIn(response)).toMatchObject({
      kind: 'malformed-request',
      message: expect.stringContaining(`${bytes}`),
    });
    expect(lease.context.metrics.malformedFrames).toBe(1);
    // Its id is not used up: the client may do better.
    ask(request, 1n);
    server.pollOnce(echo);
    expect(response.read().status).toBe(statuses.responseReady);
  });
});

describe('a hostile client', () => {
  const arenaBytes = 65536 + 8192;
  const canary = 0xc5;
  const content: fc.Arbitrary<Partial<RegionContent>> = fc.record({
    id: fc.oneof(
      fc.bigInt({ min: 0n, max: 20n }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 1n << 44n, max: (1n << 44n) + 5n }),
    ),
    methodId: fc.nat(2 ** 32 - 1),
    bytes: fc.oneof(fc.nat(40), fc.nat(2 ** 32 - 1), fc.constantFrom(32751, 32752, 65536)),
    status: fc.oneof(fc.constant(1), fc.nat(255)),
    payload: fc.uint8Array({ maxLength: 40 }),
  });
  const move = fc.oneof(
    fc.record({ do: fc.constant('write a request' as const), content }),
    fc.record({ do: fc.constant('write anything' as const), bytes: fc.uint8Array({ maxLength: 64 }) }),
    fc.record({ do: fc.constant('write a response' as const), content }),
    fc.record({ do: fc.constant('settle' as const) }),
  );
  const behaviour = fc.constantFrom('return', 'throw', 'resolve', 'reject', 'too large', 'later');

  test('makes nothing run twice, gets no answer it did not ask for, and reaches nothing but the two regions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 25 }), fc.array(behaviour), async (moves, behaviours) => {
        const { world, server, held, lease, request, response } = await rawScene(arenaBytes);
        const page = () => Buffer.from(held.window.arena.buffer, arenaBytes).toString('hex');
        held.window.arena.fill(canary, 65536);
        const pageBefore = page();
        const asked = new Set<bigint>();
        const started: bigint[] = [];
        const later: (() => void)[] = [];
        let lastResponse = -1n;
        const handle: RpcHandler['handle'] = (_methodId, payload) => {
          started.push(request.id);
          expect(payload.length).toBeLessThanOrEqual(32751);
          const how = behaviours[started.length % (behaviours.length + 1)];
          if (how === 'throw') throw new Error('thrown');
          if (how === 'resolve') return Promise.resolve(payload);
          if (how === 'reject') return Promise.reject(new Error('rejected'));
          if (how === 'too large') return new Uint8Array(40_000);
          if (how === 'later') return new Promise((resolve) => later.push(() => resolve(payload)));
          return payload;
        };
        for (const step of moves) {
          if (step.do === 'write a request') request.write(step.content);
          if (step.do === 'write anything') request.overwrite(step.bytes);
          if (step.do === 'write a response') {
            response.write(step.content);
            lastResponse = response.id;
          }
          if (step.do === 'settle') for (const settle of later.splice(0)) settle();
          if (request.status === statuses.requestReady) asked.add(request.id);
          server.pollOnce({ handle });
          await world.clock.settle();
          if (response.id !== lastResponse && response.status !== statuses.empty) expect(asked).toContain(response.id);
        }
        for (const settle of later) settle();
        await world.clock.settle();
        expect(new Set(started).size).toBe(started.length);
        expect(started).toEqual([...started].sort((a, b) => (a < b ? -1 : 1)));
        for (const id of started) expect(id >> 44n).toBe(0n);
        expect(lease.window.arena.subarray(65536).every((byte) => byte === canary)).toBe(true);
        expect(page()).toBe(pageBefore);
        expect([lease.status, held.status, server.running]).toEqual(['active', 'active', 0]);
      }),
      { numRuns: 300 },
    );
  });

  test('that changes its request while it is taken is read once: what was checked is what runs', async () => {
    const { server, request, response, held } = await rawScene();
    // The bytes that the handler sees were copied under the length that was checked, whatever the memory says now.
    ask(request, 1n, Uint8Array.of(1, 2, 3));
    server.pollOnce({
      handle: (_methodId, payload) => {
        request.write({ id: 99n, methodId: 77, bytes: 2 ** 32 - 1, status: statuses.requestReady });
        held.window.arena.fill(0xff, 17, 100);
        return payload;
      },
    });
    expect(response.read()).toMatchObject({ id: 1n, methodId: 1, bytes: 3, payload: Uint8Array.of(1, 2, 3) });
  });
});
