import { describe, expect, test } from 'vitest';
import { Disconnected, LeaseExpired, RpcClient, RpcServer } from '#bridge';
import type { Process } from './process.ts';
import { World } from './world.ts';

const echo = { handle: (methodId: number, payload: Uint8Array) => Uint8Array.of(methodId, ...payload) };

/** A home that serves, and a holder with its client. */
async function rpcPair(world: World): Promise<{ home: Process; holder: Process; client: RpcClient }> {
  const home = world.process();
  const holder = world.process();
  const lease = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
  new RpcServer(lease).serve(echo).catch(() => undefined);
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }));
  return { home, holder, client: new RpcClient(held) };
}

describe('agents, leases and calls run on it', () => {
  test('in the event loop', async () => {
    const world = new World();
    const { client } = await rpcPair(world);
    for (let i = 0; i < 10; i++) {
      expect(await world.clock.run(client.call(i, Uint8Array.of(1, 2)))).toEqual(Uint8Array.of(i, 1, 2));
    }
  });

  test.each(['busy', 'adaptive', 'event'] as const)('blocking the thread, %s', async (wait) => {
    const world = new World();
    const { home, holder } = await rpcPair(world);
    const lease = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
    new RpcServer(lease, { wait: 'event' }).serve(echo).catch(() => undefined);
    const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 1 }));
    const client = new RpcClient(held, { wait });
    for (let i = 0; i < 10; i++) expect(client.callSync(i, Uint8Array.of(9))).toEqual(Uint8Array.of(i, 9));
  });

  test('however long messages and wake-ups take', async () => {
    const world = new World(7);
    world.network.delayMs = () => world.random.unit() * 20;
    world.machine.wakeMs = () => world.random.unit() * 5;
    const { client } = await rpcPair(world);
    const calls = Array.from({ length: 20 }, (_, i) => client.call(i, new Uint8Array(0)));
    const answers = await world.clock.run(Promise.all(calls));
    expect(answers.map(([methodId]) => methodId)).toEqual(calls.map((_, i) => i));
  });
});

test('threads may lose their processor in the middle of the protocol, and no wake-up is lost by that', async () => {
  const world = new World(11);
  world.machine.wakeMs = () => world.random.unit();
  world.machine.preemptMs = () => (world.random.unit() < 0.5 ? world.random.unit() * 2 : 0);
  const { client } = await rpcPair(world);
  for (let i = 0; i < 200; i++) {
    expect(await world.clock.run(client.call(i, Uint8Array.of(5)))).toEqual(Uint8Array.of(i, 5));
  }
});

test('the connections between machines can be broken without those within one', async () => {
  const world = new World();
  const [home, near] = [world.process({ far: true }), world.process({ far: true })];
  const lease = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
  const held = await world.clock.run(near.agent.attach(lease.id, { slots: 0 }));
  near.transport.breakAll('tcp');
  near.transport.loseAll('tcp');
  await world.clock.settle();
  expect(held.status).toBe('active');
  near.transport.breakAll('unix');
  await world.clock.settle();
  expect(held.status).toBe('disconnected');
});

describe('a process', () => {
  test('that is killed ends what its peers have of it', async () => {
    const world = new World();
    const { home, client } = await rpcPair(world);
    home.kill();
    await expect(world.clock.run(client.call(1, new Uint8Array(1)))).rejects.toBeInstanceOf(Disconnected);
    expect(client.lease.status).toBe('disconnected');
  });

  test('that is killed as a holder frees its slot', async () => {
    const world = new World();
    const { home, holder, client } = await rpcPair(world);
    const lease = home.agent.find(client.lease.id);
    expect(lease.freeSlotCount).toBe(0);
    holder.kill();
    await world.clock.settle();
    expect(lease.freeSlotCount).toBe(1);
  });

  test('that is stopped for too long finds its leases expired', async () => {
    const world = new World();
    const { holder, client } = await rpcPair(world);
    holder.freeze();
    await world.clock.advance(61_000);
    holder.thaw();
    await expect(client.lease.memory.read(0, 1)).rejects.toBeInstanceOf(LeaseExpired);
  });
});

test('gives everything back', async () => {
  const world = new World();
  const { home, holder, client } = await rpcPair(world);
  const { freeBytes } = new World().machine;
  const arena = client.lease.window.arena;
  expect(world.machine.freeBytes).toBeLessThan(freeBytes);
  await world.clock.run(client.lease.release());
  expect(client.lease.window.arena).toHaveLength(0);
  home.agent.close();
  holder.agent.close();
  await world.clock.advance(10_000);
  expect(world.machine).toMatchObject({ attachments: { open: 0 }, freeBytes });
  expect(arena).toHaveLength(0);
  expect(world.clock.pending).toBe(0);
});

test('the same seed gives the same run', async () => {
  const run = async (seed: number) => {
    const world = new World(seed);
    world.network.delayMs = () => world.random.unit() * 20;
    world.machine.wakeMs = () => world.random.unit();
    const { client } = await rpcPair(world);
    for (let i = 0; i < 5; i++) await world.clock.run(client.call(i, new Uint8Array(i)));
    return [client.lease.id, world.clock.timeMs, world.random.unit()];
  };
  expect(await run(3)).toEqual(await run(3));
  expect(await run(3)).not.toEqual(await run(4));
});
