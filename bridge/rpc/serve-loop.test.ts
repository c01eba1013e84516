import { describe, expect, test, vi } from 'vitest';
import { Contention, LeaseExpired, Revoked } from '../errors.ts';
import { granted, outcome, type ServedScene, servedScene } from '../world.test.support.ts';
import { RpcClient } from './client.ts';
import { regionsOf, statuses } from './region.test.support.ts';
import { RpcServer } from './server.ts';

const echo = { handle: (_methodId: number, payload: Uint8Array) => payload };
const nothing = new Uint8Array(0);
const modes = ['busy', 'adaptive', 'event'] as const;

const scene = (wait: (typeof modes)[number]): Promise<ServedScene> => servedScene({ wait, readMs: 2 ** -7 });

describe.each(modes)('serving, waiting %s', (wait) => {
  test('answers, is stopped by its signal, and can begin again', async () => {
    const { world, server, held } = await scene(wait);
    const client = new RpcClient(held, { wait });
    for (let round = 0; round < 3; round++) {
      const stop = new AbortController();
      const served = outcome(server.serve(echo, { signal: stop.signal }));
      expect(await world.clock.run(client.call(1, Uint8Array.of(round)))).toEqual(Uint8Array.of(round));
      stop.abort();
      expect(await world.clock.run(served)).toEqual({ status: 'fulfilled', value: undefined });
    }
  });

  test('answers a call that came before it began', async () => {
    const { world, server, held } = await scene(wait);
    const call = new RpcClient(held, { wait }).call(1, Uint8Array.of(7));
    await world.clock.advance(10);
    void outcome(server.serve(echo));
    expect(await world.clock.run(call)).toEqual(Uint8Array.of(7));
  });

  test('takes nothing once it was stopped, but answers what runs', async () => {
    const { world, server, held } = await scene(wait);
    const client = new RpcClient(held, { wait: 'event' });
    const stop = new AbortController();
    let settle: (bytes: Uint8Array) => void = () => undefined;
    const handle = () =>
      new Promise<Uint8Array>((resolve) => {
        settle = resolve;
      });
    const served = outcome(server.serve({ handle }, { signal: stop.signal }));
    const first = client.call(1, nothing);
    await world.clock.advance(10);
    let over = false;
    void served.then(() => {
      over = true;
    });
    stop.abort();
    await world.clock.advance(10);
    expect([over, server.running]).toEqual([false, 1]);
    settle(Uint8Array.of(5));
    expect(await world.clock.run(first)).toEqual(Uint8Array.of(5));
    expect((await world.clock.run(served)).status).toBe('fulfilled');
    void outcome(client.call(2, nothing, { deadlineMs: 50 }));
    await world.clock.advance(100);
    expect(server.ready).toBe(true);
  });

  test('rejects with the lease’s error when that ends, whoever ends it', async () => {
    const expiring = await servedScene({ wait, readMs: 2 ** -4, leaseMs: 20 });
    const served = outcome(expiring.server.serve(echo));
    await expiring.world.clock.advance(30);
    expect(await served).toMatchObject({ reason: expect.any(LeaseExpired) });
    const { world, server, lease } = await scene(wait);
    const revoked = outcome(server.serve(echo));
    await world.clock.advance(1);
    await lease.revoke();
    expect(await world.clock.run(revoked)).toMatchObject({ reason: expect.any(Revoked) });
    await expect(server.serve(echo)).rejects.toBeInstanceOf(Revoked);
  });

  test('rejects when its own handler ends the lease', async () => {
    const { world, server, held, lease } = await scene(wait);
    const handle = () => {
      lease.end('released');
      return nothing;
    };
    const served = outcome(server.serve({ handle }));
    const call = outcome(new RpcClient(held, { wait }).call(1, nothing));
    expect(await world.clock.run(served)).toMatchObject({ reason: expect.any(Revoked) });
    expect(await world.clock.run(call)).toMatchObject({ reason: { code: 'Revoked', mayHaveExecuted: true } });
  });

  test('stops when its own handler aborts, and answers that', async () => {
    const { world, server, held } = await scene(wait);
    const stop = new AbortController();
    const handle = () => {
      stop.abort();
      return Uint8Array.of(1);
    };
    const served = outcome(server.serve({ handle }, { signal: stop.signal }));
    const call = new RpcClient(held, { wait }).call(1, nothing);
    expect(await world.clock.run(call)).toEqual(Uint8Array.of(1));
    expect((await world.clock.run(served)).status).toBe('fulfilled');
  });

  test('serves one client after the other', async () => {
    const { world, server, held, lease } = await scene(wait);
    void outcome(server.serve(echo));
    let current = held;
    for (let i = 0; i < 5; i++) {
      const client = new RpcClient(current, { wait });
      expect(await world.clock.run(client.call(1, Uint8Array.of(i)))).toEqual(Uint8Array.of(i));
      await world.clock.run(current.release());
      current = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    }
  });

  test('survives handlers of all kinds', async () => {
    const { world, server, held } = await scene(wait);
    const handle = (methodId: number, payload: Uint8Array): Uint8Array | Promise<Uint8Array> => {
      switch (methodId % 4) {
        case 0:
          return payload;
        case 1:
          return Promise.resolve(payload);
        case 2:
          throw Object.create(null);
        default:
          return Promise.reject(Object.create(null));
      }
    };
    void outcome(server.serve({ handle }));
    const client = new RpcClient(held, { wait });
    const calls = Array.from({ length: 20 }, (_, methodId) => outcome(client.call(methodId, Uint8Array.of(methodId))));
    const kinds = (await world.clock.run(Promise.all(calls))).map(({ status }) => status);
    const round = ['fulfilled', 'fulfilled', 'rejected', 'rejected'];
    expect(kinds).toEqual([...round, ...round, ...round, ...round, ...round]);
    expect(server.running).toBe(0);
  });
});

test('serving twice at once is Contention, and the first goes on', async () => {
  const { world, server, held } = await scene('event');
  void outcome(server.serve(echo));
  await expect(server.serve(echo)).rejects.toBeInstanceOf(Contention);
  expect(await world.clock.run(new RpcClient(held, { wait: 'event' }).call(1, nothing))).toEqual(nothing);
});

test('serving with a signal that has aborted is over at once', async () => {
  const { server } = await scene('event');
  await server.serve(echo, { signal: AbortSignal.abort() });
});

describe('an idle server', () => {
  test.each(['adaptive', 'event'] as const)('sleeps: waiting %s it does nothing for an hour', async (wait) => {
    const { world, server, held, home } = await servedScene({ wait, readMs: 2 ** -7, leaseMs: 24 * 3600_000 });
    void outcome(server.serve(echo));
    const client = new RpcClient(held, { wait });
    await world.clock.run(client.call(1, nothing));
    await world.clock.advance(1000);
    const polls = vi.spyOn(server, 'pollOnce');
    const looks = vi.spyOn(home.clock, 'nowMs');
    await world.clock.advance(3600_000);
    expect([polls.mock.calls.length, looks.mock.calls.length]).toEqual([0, 0]);
    expect(await world.clock.run(client.call(1, Uint8Array.of(3)))).toEqual(Uint8Array.of(3));
  });

  test('is woken by the doorbell alone, wherever in its falling asleep that comes', async () => {
    for (let delayUs = 0; delayUs < 400; delayUs += 7) {
      const { world, server, held } = await scene('adaptive');
      void outcome(server.serve(echo));
      const client = new RpcClient(held, { wait: 'event' });
      await world.clock.advance(delayUs / 1000);
      const answer = await world.clock.run(client.call(1, Uint8Array.of(1)), 10);
      expect(answer).toEqual(Uint8Array.of(1));
    }
  });

  test('sees a request that came just as it fell asleep, from a client that saw nobody asleep', async () => {
    const { world, lease } = granted();
    const openServer = lease.openServer.bind(lease);
    let asked = false;
    vi.spyOn(lease, 'openServer').mockImplementation((...given) => {
      const port = openServer(...given);
      const arm = port.arm.bind(port);
      port.arm = () => {
        if (!asked) regionsOf(lease.window).request.write({ id: 1n, bytes: 0, status: statuses.requestReady });
        asked = true;
        arm();
      };
      return port;
    });
    const server = new RpcServer(lease, { wait: 'event' });
    await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    void outcome(server.serve(echo));
    await world.clock.settle();
    expect(regionsOf(lease.window).response.read()).toMatchObject({ id: 1n, status: statuses.responseReady });
  });

  test('is not moved by a bell that rings for nothing', async () => {
    const { world, server, held } = await scene('event');
    void outcome(server.serve(echo));
    await world.clock.advance(10);
    const slot = held.claimClientSlots(1);
    slot.port.publish(0, 0, 12, statuses.empty);
    slot.port.publish(0, 0, 12, statuses.processing);
    await world.clock.advance(10);
    const { request, response } = regionsOf(held.window);
    request.write({ id: 1n, methodId: 1, payload: Uint8Array.of(8) });
    slot.port.publish(0, 0, 12, statuses.requestReady);
    await world.clock.advance(10);
    expect(response.read()).toMatchObject({ id: 1n, payload: Uint8Array.of(8) });
  });
});

test('a busy server lets others have their turn', async () => {
  const { world, server } = await scene('busy');
  void outcome(server.serve(echo));
  const at: number[] = [];
  const tick = () => {
    at.push(world.clock.timeMs);
    if (at.length < 10) world.clock.after(1, tick);
  };
  world.clock.after(1, tick);
  await world.clock.advance(30);
  expect(at).toHaveLength(10);
  for (const [index, ms] of at.entries()) expect(ms - (at[index - 1] ?? 0)).toBeLessThan(1.5);
});

test('a handler that settles after its thread stood still begins no other past the lease’s deadline', async () => {
  const { world, home, lease } = granted({ leaseMs: 1000, readMs: 0.0001 });
  const server = new RpcServer(lease, { slots: 2, wait: 'event' });
  const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 2 }));
  const client = new RpcClient(held, { wait: 'event' });
  const ran: number[] = [];
  const handle = (methodId: number): Promise<Uint8Array> => {
    ran.push(methodId);
    return new Promise((resolve) => {
      home.clock.after(10, () => {
        void outcome(client.call(2, nothing)); // It finds the thread standing still.
        home.clock.block(() => false, 2000);
        resolve(nothing);
      });
    });
  };
  const served = outcome(server.serve({ handle }));
  void outcome(client.call(1, nothing));
  expect(await world.clock.run(served)).toMatchObject({ status: 'rejected', reason: expect.any(LeaseExpired) });
  expect(ran).toEqual([1]);
});

test('a handler that settles as its process goes on again lets nothing in that came after the lease’s end', async () => {
  const { world, home, lease } = granted({ leaseMs: 30 });
  const server = new RpcServer(lease, { wait: 'event', slots: 2 });
  const seen: number[] = [];
  const handle = (methodId: number, payload: Uint8Array) => {
    seen.push(methodId);
    return new Promise<Uint8Array>((resolve) => home.clock.after(10, () => resolve(payload)));
  };
  void outcome(server.serve({ handle }));
  const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 2 }));
  const client = new RpcClient(held, { wait: 'event' });
  const calls = [outcome(client.call(1, nothing))];
  await world.clock.advance(5);
  home.freeze();
  await world.clock.advance(10); // The first handler is due to settle before the doorbell rings for the next request.
  calls.push(outcome(client.call(2, nothing)));
  await world.clock.advance(40);
  home.thaw();
  await world.clock.advance(50);
  expect([seen, lease.status]).toEqual([[1], 'expired']);
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
