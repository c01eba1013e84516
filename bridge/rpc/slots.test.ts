import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Cancelled, CapacityExceeded, Contention, DeadlineExceeded, PayloadTooLarge, Unsupported } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import type { ServerPort } from '../plane/plane.ts';
import type { SlotBoard } from '../plane/slot-board.ts';
import { granted, outcome, type Scene, type SceneOptions, serving } from '../world.test.support.ts';
import type { CallContext } from './call-context.ts';
import { RpcClient } from './client.ts';
import type { RpcClientOptions } from './client-options.ts';
import type { RpcHandler } from './rpc-handler.ts';
import { RpcServer, type RpcServerOptions } from './server.ts';

interface SlotsScene extends Scene {
  readonly server: RpcServer;
  attach(slots: number, options?: RpcClientOptions): Promise<{ held: HeldLease; client: RpcClient; kill(): void }>;
}

/** A served lease with slots, to which clients can be attached, each from a process of its own. */
function slotsScene(options: SceneOptions & RpcServerOptions = {}): SlotsScene {
  const scene = granted({ readMs: 0.0001, ...options });
  const server = new RpcServer(scene.lease, { wait: 'event', slots: 16, slotPayloadBytes: 256, ...options });
  const attach = async (slots: number, clientOptions: RpcClientOptions = {}) => {
    const process = scene.world.process();
    const held = await scene.world.clock.run(process.agent.attach(scene.lease.id, { slots }));
    return { held, client: new RpcClient(held, { wait: 'event', ...clientOptions }), kill: () => process.kill() };
  };
  return { ...scene, server, attach };
}

const echo: RpcHandler['handle'] = (_methodId, payload) => payload;
const bytesOf = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);

/** A handler whose calls are settled by hand, in any order. */
function byHand(): {
  handle: RpcHandler['handle'];
  calls: { payload: Uint8Array; context: CallContext; answer(): void }[];
} {
  const calls: { payload: Uint8Array; context: CallContext; answer(): void }[] = [];
  const handle: RpcHandler['handle'] = (_methodId, payload, context) =>
    new Promise((resolve) => calls.push({ payload, context, answer: () => resolve(payload) }));
  return { handle, calls };
}

describe('the slots of a lease', () => {
  test('are read from its control page, with what each holds', async () => {
    const { lease, attach } = slotsScene();
    expect(lease.layout).toEqual({ name: 'slots', slotCount: 16, slotStride: 320 });
    const { client } = await attach(3);
    expect([client.slotCount, lease.freeSlotCount]).toEqual([3, 13]);
  });

  test('take the whole lease where nothing is said of their size', () => {
    const { lease } = granted({ minBytes: 65536 });
    new RpcServer(lease, { slots: 10 });
    expect(lease.layout).toEqual({ name: 'slots', slotCount: 10, slotStride: 6528 });
  });

  test.each([
    [{ slots: 0 }, RangeError],
    [{ slots: 65537 }, RangeError],
    [{ slots: 1.5 }, RangeError],
    [{ slots: 4, slotPayloadBytes: 0 }, RangeError],
    [{ slots: 4, slotPayloadBytes: 65536 }, Unsupported],
    [{ slots: 65536 }, Unsupported],
  ])('have to fit it: %o', (options, error) => {
    const { lease } = granted({ minBytes: 65536 });
    expect(() => new RpcServer(lease, options)).toThrow(error);
    expect(lease.layout.name).toBe('none');
  });

  test('run out with CapacityExceeded, and the figures', async () => {
    const { attach, lease } = slotsScene();
    await attach(10);
    await expect(attach(7)).rejects.toThrow(CapacityExceeded);
    await expect(attach(7)).rejects.toThrow('7 slot(s)');
    await expect(attach(7)).rejects.toThrow('6 of 16 are free');
    await attach(6);
    expect(lease.freeSlotCount).toBe(0);
  });

  test('are free again when their client dies, and hold nothing of it', async () => {
    const { world, attach, lease, server } = slotsScene();
    serving(server, echo);
    const { client, kill } = await attach(16);
    await world.clock.run(client.call(1, bytesOf(200)));
    kill();
    await world.clock.advance(1);
    expect(lease.freeSlotCount).toBe(16);
    expect(lease.window.arena.subarray(0, 16 * 320).every((byte) => byte === 0)).toBe(true);
    const next = await attach(16);
    expect(await world.clock.run(next.client.call(1, bytesOf(7)))).toEqual(bytesOf(7));
  });

  test('are their next client’s, whatever the one before still says when they are its no more', async () => {
    const { world, lease } = granted({ readMs: 0.0001 });
    const opened = vi.spyOn(lease, 'openServer');
    const server = new RpcServer(lease, { slots: 2, wait: 'event' });
    const port = opened.mock.results[0]?.value as ServerPort;
    const board = port.board as SlotBoard;
    const before = lease.assignSlots(2);
    lease.freeSlots(before);
    board.submissions(before).push(1);
    board.call(before.client);
    serving(server, echo); // Which looks, and finds nobody.
    await world.clock.advance(1);
    const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 2 }));
    const client = new RpcClient(held, { wait: 'event' });
    const answer = client.call(1, bytesOf(7), { deadlineMs: 1000 });
    expect(await world.clock.run(answer)).toEqual(bytesOf(7));
  });
});

describe('calls', () => {
  test.each(['event', 'adaptive', 'busy'] as const)(
    'arrive, and their answers, however one waits: %s',
    async (wait) => {
      const { world, attach, server } = slotsScene({ wait });
      serving(server, echo);
      const { client } = await attach(4, { wait });
      for (const length of [0, 1, 255, 256]) {
        expect(await world.clock.run(client.call(1, bytesOf(length)))).toEqual(bytesOf(length));
        expect(client.callSync(1, bytesOf(length, 3))).toEqual(bytesOf(length, 3));
      }
    },
  );

  test('go as many at a time as there are slots, and are answered in the order in which they are done', async () => {
    const { world, attach, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(4);
    const answered: number[] = [];
    const all = [0, 1, 2, 3, 4, 5].map((i) =>
      client.call(1, Uint8Array.of(i)).then(([byte]) => answered.push(byte ?? -1)),
    );
    await world.clock.advance(1);
    expect(calls).toHaveLength(4);
    for (const index of [2, 0]) calls[index]?.answer();
    await world.clock.advance(1);
    expect([answered, calls.length]).toEqual([[2, 0], 6]);
    for (const index of [5, 1, 4, 3]) {
      calls[index]?.answer();
      await world.clock.advance(1);
    }
    await world.clock.run(Promise.all(all));
    expect(answered).toEqual([2, 0, 5, 1, 4, 3]);
  });

  test('of several clients get each its own answers', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, async (_methodId, payload) => payload);
    const clients = await Promise.all([attach(1), attach(5), attach(2), attach(8)]);
    const calls = clients.flatMap(({ client }, index) =>
      Array.from({ length: 50 }, async (_, i) => {
        expect(await client.call(1, Uint8Array.of(index, i))).toEqual(Uint8Array.of(index, i));
      }),
    );
    await world.clock.run(Promise.all(calls));
    expect(calls).toHaveLength(200);
  });

  test('that block complete those that were made before', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, echo);
    const { client } = await attach(2);
    const before = [1, 2, 3].map((i) => client.call(1, Uint8Array.of(i)));
    expect(client.callSync(1, Uint8Array.of(9))).toEqual(Uint8Array.of(9));
    expect(await world.clock.run(Promise.all(before))).toEqual([1, 2, 3].map((i) => Uint8Array.of(i)));
  });

  test('that block leave those that were made before to the event loop, which hears of their answers', async () => {
    const { world, attach, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, (methodId, payload, context) => (methodId === 1 ? handle(methodId, payload, context) : payload));
    const { client } = await attach(2);
    const before = client.call(1, bytesOf(5));
    await world.clock.advance(1);
    expect(client.callSync(2, bytesOf(6))).toEqual(bytesOf(6));
    await world.clock.advance(1);
    calls[0]?.answer();
    expect(await world.clock.run(before)).toEqual(bytesOf(5));
  });

  test('that block are rung for again after a ring that came late, for what they had seen before', async () => {
    const { world, home, lease } = granted({ readMs: 0.0001 });
    const opened = vi.spyOn(lease, 'openServer');
    const server = new RpcServer(lease, { slots: 2, wait: 'event' });
    const port = opened.mock.results[0]?.value as ServerPort;
    const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 2 }));
    // An answer is stored, seen, and only then rung for: to whoever sleeps by then it is a ring for nothing.
    home.clock.after(1, () => port.publishIndex(0, 0, 0, lease.arenaBytes - 8, 0));
    home.clock.after(2, () => serving(server, echo));
    expect(new RpcClient(held, { wait: 'event' }).callSync(1, bytesOf(5))).toEqual(bytesOf(5));
    expect(world.clock.nowMs()).toBeLessThan(10);
  });

  test('at the lease’s own home have as many slots as their client asks for', async () => {
    const { world, lease, server } = slotsScene();
    serving(server, echo);
    const client = new RpcClient(lease, { slots: 3, wait: 'event' });
    expect(client.slotCount).toBe(3);
    expect(await world.clock.run(client.call(1, bytesOf(5)))).toEqual(bytesOf(5));
    expect(() => new RpcClient(lease, { slots: 1025 })).toThrow(RangeError);
  });

  test('of a client with much to say delay those of another by a few at most', async () => {
    const { attach, server } = slotsScene();
    const greedy = await attach(15);
    const modest = await attach(1);
    const order: number[] = [];
    for (let i = 0; i < 15; i++) void outcome(greedy.client.call(0, Uint8Array.of(i)));
    void outcome(modest.client.call(1, Uint8Array.of(0)));
    const handler: RpcHandler = {
      handle: (methodId, payload) => {
        order.push(methodId);
        return payload;
      },
    };
    while (server.pollOnce(handler));
    expect(order).toHaveLength(16);
    expect(order.indexOf(1)).toBeLessThanOrEqual(4);
  });

  test('are heard again after any silence', async () => {
    const { world, attach, server } = slotsScene();
    const { client } = await attach(2);
    for (const silences of [0, 1, 100, 255, 256, 257, 258, 1000]) {
      for (let i = 0; i < silences; i++) expect(server.pollOnce({ handle: echo })).toBe(false);
      void outcome(client.call(1, Uint8Array.of(1)));
      expect(server.ready).toBe(true);
      expect(server.pollOnce({ handle: echo })).toBe(true);
      await world.clock.advance(1);
    }
  });
});

describe('a payload longer than a slot', () => {
  test('goes through in parts, either way, whatever its length', async () => {
    const { world, attach, server, lease } = slotsScene();
    serving(server, (_methodId, payload) => payload.slice().reverse());
    const { client } = await attach(2);
    for (const length of [257, 299, 300, 301, 599, 600, 601, 900, 10_000, lease.arenaBytes]) {
      const request = bytesOf(length, length);
      const reversed = request.slice().reverse();
      expect(Buffer.compare(await world.clock.run(client.call(1, request)), reversed)).toBe(0);
      if (length <= 10_000) expect(Buffer.compare(client.callSync(1, request), reversed)).toBe(0);
    }
  });

  test('is copied before call returns', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, echo);
    const { client } = await attach(1);
    const request = bytesOf(2000);
    const call = client.call(1, request);
    request.fill(0);
    expect(await world.clock.run(call)).toEqual(bytesOf(2000));
  });

  test('is given up while it waits for room at the server, and its slot comes back', async () => {
    const { world, attach, server } = slotsScene();
    const { client } = await attach(2);
    const first = client.call(1, bytesOf(60_000));
    const stop = new AbortController();
    const second = outcome(client.call(1, bytesOf(60_000), { signal: stop.signal }));
    expect(server.pollOnce({ handle: echo })).toBe(false);
    stop.abort();
    expect(await second).toMatchObject({ reason: { code: 'Cancelled' } });
    serving(server, echo);
    expect(await world.clock.run(first)).toHaveLength(60_000);
    await world.clock.advance(5);
    const loans = [client.loan(8), client.loan(8)];
    expect(loans.every((loan) => loan !== undefined)).toBe(true);
  });

  test('is refused where it is longer than the lease, before anything is written', async () => {
    const { attach, lease, server } = slotsScene();
    const { client } = await attach(1);
    await expect(client.call(1, new Uint8Array(lease.arenaBytes + 1))).rejects.toThrow(PayloadTooLarge);
    expect(server.ready).toBe(false);
  });

  test('waits while others have all the room that there is', async () => {
    const { world, attach, lease, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(3);
    const large = bytesOf(lease.arenaBytes - 100);
    const all = [client.call(1, large), client.call(1, large), client.call(1, bytesOf(8))];
    await world.clock.advance(100);
    expect(calls.map(({ payload }) => payload.length).sort()).toEqual([8, large.length, large.length].sort());
    for (const { answer } of calls) answer();
    await world.clock.run(Promise.all(all));
  });

  test.each(['cancelled', 'late'])('that is given up while it waits for room leaves its slot free: %s', async (how) => {
    const { world, attach, lease, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(2);
    const large = bytesOf(lease.arenaBytes - 100);
    const first = client.call(1, large);
    await world.clock.advance(0.05);
    const abort = new AbortController();
    const second = outcome(client.call(1, large, { signal: abort.signal, deadlineMs: how === 'late' ? 0.05 : 1000 }));
    await world.clock.advance(0.05);
    if (how === 'cancelled') abort.abort();
    expect((await world.clock.run(second)).status).toBe('rejected');
    await world.clock.advance(100);
    const others = [client.call(1, bytesOf(1)), first];
    await world.clock.advance(1);
    expect(calls.map(({ payload }) => payload.length)).toEqual([large.length, 1]);
    for (const { answer } of calls) answer();
    await world.clock.run(Promise.all(others));
  });

  test('that is given up half way leaves its slot free, and the next call in it is another', async () => {
    const { world, attach, server, lease } = slotsScene();
    serving(server, echo);
    const { client } = await attach(1);
    for (const steps of [1, 2, 3, 5, 8, 13, 40]) {
      const abort = new AbortController();
      const call = outcome(client.call(1, bytesOf(6000), { signal: abort.signal }));
      for (let i = 0; i < steps; i++) await world.clock.advance(0.02);
      abort.abort();
      const settled = await world.clock.run(call);
      if (settled.status === 'rejected') expect(settled.reason).toBeInstanceOf(Cancelled);
      expect(await world.clock.run(client.call(1, bytesOf(steps, 9)))).toEqual(bytesOf(steps, 9));
    }
    expect(lease.status).toBe('active');
  });
});

describe('a deadline', () => {
  test('is told to the handler', async () => {
    const { world, attach, server } = slotsScene();
    const told: number[] = [];
    serving(server, (_methodId, payload, { deadlineMs }) => {
      told.push(deadlineMs);
      return payload;
    });
    const { client } = await attach(1);
    for (const deadlineMs of [1, 250, 5000, Number.POSITIVE_INFINITY]) {
      await world.clock.run(client.call(1, bytesOf(1), { deadlineMs }));
    }
    expect(told).toEqual([1, 250, 5000, Number.POSITIVE_INFINITY]);
  });

  test('that passes fails the call, aborts the handler’s signal, and keeps the slot until the late answer', async () => {
    const { world, attach, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(1);
    const call = outcome(client.call(1, bytesOf(1), { deadlineMs: 50 }));
    await world.clock.advance(1);
    const signal = calls[0]?.context.signal;
    expect(signal?.aborted).toBe(false);
    await world.clock.advance(51);
    expect(await call).toMatchObject({ reason: { code: 'DeadlineExceeded', mayHaveExecuted: true } });
    expect(signal?.aborted).toBe(true);
    const next = client.call(1, bytesOf(2));
    await world.clock.advance(1);
    expect(calls).toHaveLength(1);
    calls[0]?.answer();
    await world.clock.advance(1);
    calls[1]?.answer();
    expect(await world.clock.run(next)).toEqual(bytesOf(2));
  });

  test('of each of many calls is its own', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, byHand().handle);
    const { client } = await attach(8);
    const failedAt: number[] = [];
    for (const deadlineMs of [70, 10, 40, 30, 20, 60, 50, 80]) {
      client.call(1, bytesOf(1), { deadlineMs }).catch((error) => {
        expect(error).toBeInstanceOf(DeadlineExceeded);
        failedAt.push(deadlineMs);
      });
    }
    await world.clock.advance(45);
    expect(failedAt).toEqual([10, 20, 30, 40]);
    await world.clock.advance(45);
    expect(failedAt).toEqual([10, 20, 30, 40, 50, 60, 70, 80]);
  });
});

describe('a call that is cancelled', () => {
  test('before it is posted never runs', async () => {
    const { attach, server } = slotsScene();
    const { client } = await attach(1);
    const failed = client.call(1, bytesOf(1), { signal: AbortSignal.abort('no') });
    await expect(failed).rejects.toMatchObject({ code: 'Cancelled', cause: 'no', mayHaveExecuted: false });
    expect(server.ready).toBe(false);
  });

  test('while it waits for a slot never runs', async () => {
    const { world, attach, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(1);
    const first = client.call(1, bytesOf(1));
    const abort = new AbortController();
    const second = outcome(client.call(1, bytesOf(2), { signal: abort.signal }));
    await world.clock.advance(1);
    abort.abort();
    expect(await second).toMatchObject({ reason: { code: 'Cancelled', mayHaveExecuted: false } });
    calls[0]?.answer();
    await world.clock.run(first);
    await world.clock.advance(1);
    expect(calls).toHaveLength(1);
  });

  test('after it was posted, and before the server looks, is seen as cancelled by its handler', async () => {
    const { world, attach, server } = slotsScene();
    const { client } = await attach(1);
    const abort = new AbortController();
    const call = outcome(client.call(1, bytesOf(1), { signal: abort.signal }));
    abort.abort();
    expect(await call).toMatchObject({ reason: { code: 'Cancelled', mayHaveExecuted: true } });
    const { handle, calls } = byHand();
    serving(server, handle);
    await world.clock.advance(1);
    expect(calls[0]?.context.signal).toMatchObject({ aborted: true, reason: { code: 'Cancelled' } });
    calls[0]?.answer();
    await world.clock.advance(1);
  });

  test('while it runs aborts its handler’s signal, whose answer frees the slot', async () => {
    const { world, attach, server } = slotsScene();
    serving(
      server,
      (_methodId, _payload, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const { client } = await attach(1);
    const abort = new AbortController();
    const call = outcome(client.call(1, bytesOf(1), { signal: abort.signal }));
    await world.clock.advance(1);
    abort.abort();
    expect(await call).toMatchObject({ reason: { code: 'Cancelled', mayHaveExecuted: true } });
    await world.clock.advance(1);
    expect(server.running).toBe(0);
    const again = outcome(client.call(1, bytesOf(1), { deadlineMs: 5 }));
    await world.clock.advance(10);
    expect(await again).toMatchObject({ reason: { code: 'DeadlineExceeded', mayHaveExecuted: true } });
  });

  test('after it was answered is answered', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, echo);
    const { client } = await attach(1);
    const abort = new AbortController();
    expect(await world.clock.run(client.call(1, bytesOf(3), { signal: abort.signal }))).toEqual(bytesOf(3));
    abort.abort();
    expect(await world.clock.run(client.call(1, bytesOf(4)))).toEqual(bytesOf(4));
  });

  test('as its server dies fails once, with one of the two reasons', async () => {
    const { world, home, attach, server } = slotsScene();
    serving(server, byHand().handle);
    const { client } = await attach(1);
    const abort = new AbortController();
    const call = outcome(client.call(1, bytesOf(1), { signal: abort.signal }));
    await world.clock.advance(1);
    home.kill();
    abort.abort();
    await world.clock.advance(1);
    expect(await call).toMatchObject({ reason: { code: 'Cancelled', mayHaveExecuted: true } });
  });

  test('is told by its client’s death, too', async () => {
    const { world, attach, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client, kill } = await attach(1);
    void outcome(client.call(1, bytesOf(1)));
    await world.clock.advance(1);
    const signal = calls[0]?.context.signal;
    kill();
    await world.clock.advance(1);
    expect(signal).toMatchObject({ aborted: true, reason: { code: 'Disconnected' } });
    calls[0]?.answer();
    await world.clock.advance(1);
    expect(server.running).toBe(0);
  });

  test('is told by the lease’s end, too', async () => {
    const { world, attach, lease, server } = slotsScene();
    const { handle, calls } = byHand();
    serving(server, handle);
    const { client } = await attach(1);
    const call = outcome(client.call(1, bytesOf(1)));
    await world.clock.advance(1);
    const signal = calls[0]?.context.signal;
    await lease.revoke();
    expect(signal).toMatchObject({ aborted: true, reason: { code: 'Revoked' } });
    await world.clock.advance(1);
    expect(await call).toMatchObject({ reason: { code: 'Revoked', mayHaveExecuted: true } });
  });
});

describe('a loan', () => {
  test('is filled, committed, and answered', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, echo);
    const { client } = await attach(2);
    const loan = client.loan(8);
    loan?.bytes.set(bytesOf(8));
    expect(await world.clock.run(loan?.commit(1) ?? expect.unreachable())).toEqual(bytesOf(8));
    expect(() => loan?.bytes).toThrow(Contention);
    await expect(loan?.commit(1)).rejects.toThrow(Contention);
  });

  test('lends the response as well', async () => {
    const { world, attach, server } = slotsScene();
    serving(server, echo);
    const { client } = await attach(2);
    const loan = client.loan(8);
    loan?.bytes.set(bytesOf(8));
    const window = loan?.bytes.buffer;
    const read = (response: Uint8Array) => [response.buffer === window, ...response];
    expect(await world.clock.run(loan?.commitAndRead(1, read) ?? expect.unreachable())).toEqual([true, ...bytesOf(8)]);
  });

  test('is not to be had while every slot is taken, and is again after release', async () => {
    const { attach } = slotsScene();
    const { client } = await attach(2);
    const [one, two] = [client.loan(1), client.loan(1)];
    expect([one === undefined, two === undefined, client.loan(1)]).toEqual([false, false, undefined]);
    one?.release();
    one?.release();
    expect(client.loan(1)).toBeDefined();
    expect(client.loan(1)).toBeUndefined();
  });

  test('is no larger than a slot', async () => {
    const { attach } = slotsScene();
    const { client } = await attach(1);
    expect(() => client.loan(301)).toThrow(PayloadTooLarge);
    expect(client.loan(300)).toBeDefined();
  });
});

describe('a handler in place', () => {
  test('reads the request, and builds the response, where they lie', async () => {
    const { world, attach, server, lease } = slotsScene();
    const { buffer } = lease.window.arena;
    let isLent = false;
    const served = server.serve({
      handleInPlace: (_methodId, request, reply) => {
        const sum = request.reduce((total, byte) => total + byte, 0);
        const response = reply.bytes(4);
        isLent = request.buffer === buffer && response.buffer === buffer;
        new DataView(response.buffer, response.byteOffset).setUint32(0, sum, true);
      },
    });
    served.catch(() => undefined);
    const { client } = await attach(1);
    expect(await world.clock.run(client.call(1, Uint8Array.of(1, 2, 250)))).toEqual(Uint8Array.of(253, 0, 0, 0));
    expect(isLent).toBe(true);
  });

  test('that fails, or wants more than there is, is a RemoteError', async () => {
    const { world, attach, server } = slotsScene();
    server.serve({ handleInPlace: (_methodId, _request, reply) => void reply.bytes(301) }).catch(() => undefined);
    const { client } = await attach(1);
    await expect(world.clock.run(client.call(1, bytesOf(1)))).rejects.toThrow('301 bytes');
  });
});

describe('whatever happens', () => {
  test('each call is answered with its own bytes, or fails, and no slot is lost', async () => {
    const step = fc.record({
      client: fc.nat(3),
      bytes: fc.oneof(fc.nat(300), fc.nat(3000)),
      deadlineMs: fc.constantFrom(0.5, 5, 1000),
      abortAfter: fc.option(fc.nat(20)),
      turns: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { world, attach, server, lease } = slotsScene();
        serving(server, async (methodId, payload) => {
          if (methodId % 3 === 0)
            await new Promise<void>((resolve) => server.lease.context.environment.clock.after(1, resolve));
          return payload;
        });
        const clients = await Promise.all([attach(1), attach(2), attach(3), attach(4)]);
        const calls: Promise<unknown>[] = [];
        for (const [index, { client, bytes, deadlineMs, abortAfter, turns }] of steps.entries()) {
          const abort = new AbortController();
          const sent = bytesOf(bytes, index);
          const call = clients[client]?.client.call(index, sent, { deadlineMs, signal: abort.signal });
          calls.push(
            outcome(call as Promise<Uint8Array>).then((settled) => {
              if (settled.status === 'fulfilled') expect(Buffer.compare(settled.value, sent)).toBe(0);
              else expect(['Cancelled', 'DeadlineExceeded']).toContain(settled.reason.code);
            }),
          );
          if (abortAfter !== null) world.clock.after(abortAfter / 10, () => abort.abort());
          for (let i = 0; i < turns; i++) await world.clock.advance(0.02);
        }
        await world.clock.run(Promise.all(calls));
        await world.clock.advance(2000);
        for (const { client } of clients) {
          const all = Array.from({ length: client.slotCount + 1 }, (_, i) => client.call(1, bytesOf(i)));
          await world.clock.run(Promise.all(all));
        }
        expect(server.running).toBe(0);
        for (const { kill } of clients) kill();
        await world.clock.advance(1);
        expect(lease.freeSlotCount).toBe(16);
      }),
      { numRuns: 60 },
    );
  });
});
