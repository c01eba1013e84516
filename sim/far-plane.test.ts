import { describe, expect, test } from 'vitest';
import { Disconnected, type Lease, Revoked, RpcClient, RpcServer } from '#bridge';
import type { Process } from './process.ts';
import { World } from './world.ts';

interface FarScene {
  readonly world: World;
  readonly home: Process;
  readonly holder: Process;
  readonly lease: Lease;
  readonly held: Lease;
}

/** A home and a holder on two machines. */
async function farScene(options: { seed?: number; readMs?: number; serve?: boolean } = {}): Promise<FarScene> {
  const world = new World(options.seed, { readMs: options.readMs ?? 0 });
  const home = world.process({ far: true });
  const holder = world.process({ far: true });
  const lease = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
  if (options.serve) {
    const handle = (methodId: number, payload: Uint8Array) => Uint8Array.of(methodId, ...payload);
    new RpcServer(lease, { wait: 'event' }).serve({ handle }).catch(() => undefined);
  }
  const address = await world.clock.run(home.agent.listenNetwork({ host: 'node-1', port: 0 }));
  const held = await world.clock.run(holder.agent.attach(lease.id, { slots: options.serve === true ? 1 : 0 }, address));
  return { world, home, holder, lease, held };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a mirror', () => {
  test('is the holder’s own: only what it writes gets home', async () => {
    const { world, lease, held } = await farScene();
    held.window.arena[8] = 1;
    expect(await lease.memory.read(8, 1)).toEqual(bytes(0));
    await world.clock.run(held.memory.write(8, bytes(7, 8)));
    expect(await lease.memory.read(8, 2)).toEqual(bytes(7, 8));
    expect(held.window.arena[8]).toBe(1);
    expect(await world.clock.run(held.memory.read(8, 2))).toEqual(bytes(7, 8));
  });

  test('is empty once the lease is released, and so is every view of it', async () => {
    const { world, held } = await farScene();
    const { arena } = held.window;
    await world.clock.run(held.release());
    expect([arena.length, held.window.arena.length, held.window.control.words.length]).toEqual([0, 0, 0]);
  });
});

describe('atomics', () => {
  test('are done at home, together with its own', async () => {
    const { world, lease, held } = await farScene();
    const adds = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? lease : held).memory.fetchAdd(16, 3n));
    expect(new Set(await world.clock.run(Promise.all(adds))).size).toBe(20);
    expect(await world.clock.run(held.memory.compareExchange(16, 60n, 5n))).toBe(60n);
    expect(await lease.memory.compareExchange(16, 0n, 9n)).toBe(5n);
  });
});

describe('messages', () => {
  test('may become visible in two parts, the last of which is there when the message is', async () => {
    const { world, lease, held } = await farScene();
    world.fabric.delayMs = () => 10;
    world.fabric.tears = () => 0.5;
    const write = held.memory.write(0, bytes(1, 2, 3, 4));
    await world.clock.advance(4);
    expect(await lease.memory.read(0, 4)).toEqual(bytes(0, 0, 0, 0));
    await world.clock.advance(2);
    expect(await lease.memory.read(0, 4)).toEqual(bytes(0, 2, 0, 4));
    await world.clock.run(write);
    expect(await lease.memory.read(0, 4)).toEqual(bytes(1, 2, 3, 4));
  });

  test('may be read in two parts, neither of which is older than the request', async () => {
    const { world, lease, held } = await farScene();
    world.fabric.delayMs = () => 10;
    world.fabric.tears = () => 0.5;
    await lease.memory.write(0, bytes(1, 1, 1, 1));
    const read = held.memory.read(0, 4);
    await world.clock.advance(4);
    await lease.memory.write(0, bytes(2, 2, 2, 2));
    await world.clock.advance(2);
    await lease.memory.write(0, bytes(3, 3, 3, 3));
    expect(await world.clock.run(read)).toEqual(bytes(3, 2, 3, 2));
  });

  test('never become visible before those that were sent before', async () => {
    const { world, lease, held } = await farScene();
    const delays = [10, 10, 1, 1];
    world.fabric.delayMs = () => delays.shift() ?? 0;
    world.fabric.tears = () => 0.001;
    const writes = [held.memory.write(0, bytes(1, 1)), held.memory.write(0, bytes(2, 2))];
    await world.clock.advance(9.9);
    expect(await lease.memory.read(0, 2)).toEqual(bytes(0, 1));
    await world.clock.run(Promise.all(writes));
    expect(await lease.memory.read(0, 2)).toEqual(bytes(2, 2));
  });

  test('may break off when a part is visible, and so does what follows', async () => {
    const { world, lease, held } = await farScene();
    world.network.reaches = () => false;
    world.fabric.delayMs = () => 10;
    world.fabric.tears = () => 0.5;
    world.fabric.breaksOff = () => true;
    const writes = [held.memory.write(0, bytes(1, 1)), held.memory.write(8, bytes(2))];
    await world.clock.run(Promise.allSettled(writes));
    await world.clock.advance(5000);
    expect(await lease.memory.read(0, 9)).toEqual(bytes(0, 1, 0, 0, 0, 0, 0, 0, 0));
  });

  test('of the dead arrive as far as they had been sent, in order', async () => {
    const { world, lease, held, home, holder } = await farScene();
    world.fabric.delayMs = () => 10;
    world.fabric.outlives = () => 0.5;
    for (let i = 0; i < 4; i++) held.memory.write(i, bytes(1)).catch(() => undefined);
    await world.clock.advance(1);
    home.freeze();
    holder.kill();
    await world.clock.advance(5000);
    expect(await lease.memory.read(0, 4)).toEqual(bytes(1, 1, 0, 0));
  });

  test('take longer the more bytes they have', async () => {
    const { world, held } = await farScene();
    world.fabric.delayMs = (count) => count;
    const startMs = world.clock.timeMs;
    await world.clock.run(held.memory.write(0, new Uint8Array(7)));
    await world.clock.run(held.memory.read(0, 5));
    expect(world.clock.timeMs - startMs).toBe(12);
  });

  test('are there before their process hears of it', async () => {
    const { world, held, lease } = await farScene();
    world.fabric.noticeMs = () => 30;
    const startMs = world.clock.timeMs;
    const write = held.memory.write(0, bytes(9));
    await world.clock.advance(1);
    expect(await lease.memory.read(0, 1)).toEqual(bytes(9));
    await world.clock.run(write);
    expect(world.clock.timeMs - startMs).toBe(30);
  });

  test('take as long as was drawn, there and back, and keep their order', async () => {
    const { world, lease, held } = await farScene();
    const delays = [10, 5, 1, 1];
    world.fabric.delayMs = () => delays.shift() ?? 0;
    const startMs = world.clock.timeMs;
    const first = held.memory.write(0, bytes(1));
    const second = held.memory.write(0, bytes(2));
    await world.clock.advance(9);
    expect(await lease.memory.read(0, 1)).toEqual(bytes(0));
    await world.clock.run(Promise.all([first, second]));
    expect([world.clock.timeMs - startMs, ...(await lease.memory.read(0, 1))]).toEqual([11, 2]);
  });

  test('are served while the process at home is stopped', async () => {
    const { world, home, held } = await farScene();
    home.freeze();
    expect(await world.clock.run(held.memory.fetchAdd(0, 1n))).toBe(0n);
  });
});

describe.each(['busy', 'adaptive', 'event'] as const)('calls, waiting %s', (wait) => {
  test('are answered, in the event loop and blocking', async () => {
    const { world, held } = await farScene({ readMs: 2 ** -7, serve: true });
    world.fabric.delayMs = () => world.random.unit() * 3;
    const client = new RpcClient(held, { wait });
    for (let i = 0; i < 5; i++) {
      expect(client.callSync(i, bytes(9))).toEqual(bytes(i, 9));
      expect(await world.clock.run(client.call(i, bytes(8)))).toEqual(bytes(i, 8));
    }
    const calls = Array.from({ length: 20 }, (_, i) => client.call(i, bytes(i)));
    expect(await world.clock.run(Promise.all(calls))).toEqual(calls.map((_, i) => bytes(i, i)));
  });
});

describe('taking a lease back', () => {
  test('stops the holder, and tells it why', async () => {
    const { world, lease, held } = await farScene({ serve: true });
    const call = new RpcClient(held, { wait: 'event' }).call(1, bytes(1));
    expect(await lease.revoke()).toBe('torn-down');
    await expect(world.clock.run(call)).rejects.toBeInstanceOf(Revoked);
    expect(held.status).toBe('revoked');
  });

  test('under fire breaks the session, and the lease ends as its home says', async () => {
    const { world, lease, held, holder } = await farScene();
    world.fabric.delayMs = () => 5;
    world.network.delayMs = () => 20;
    const write = held.memory.write(0, bytes(1));
    await lease.revoke();
    await expect(world.clock.run(write)).rejects.toMatchObject({ code: 'Revoked', mayHaveExecuted: true });
    await world.clock.advance(1000);
    expect([held.status, holder.card.open]).toEqual(['revoked', 0]);
  });
});

describe('a session that is lost', () => {
  test('is given up by whoever sends something, after a while', async () => {
    const { world, held, home, holder } = await farScene();
    world.fabric.loses = () => true;
    world.network.reaches = () => false;
    const startMs = world.clock.timeMs;
    const write = held.memory.write(0, bytes(1));
    await expect(world.clock.run(write)).rejects.toBeInstanceOf(Disconnected);
    expect(world.clock.timeMs - startMs).toBe(600);
    expect(held.interrupted).toBe(true);
    await world.clock.settle();
    expect([holder.card.open, home.card.open]).toEqual([0, 0]);
  });

  test('lets nothing through that was sent before, once it is closed', async () => {
    const { world, lease, held, holder } = await farScene();
    world.fabric.delayMs = () => 50;
    world.network.reaches = () => false;
    held.memory.write(0, bytes(1)).catch(() => undefined);
    holder.transport.breakAll();
    await world.clock.advance(100);
    expect([held.interrupted, ...(await lease.memory.read(0, 1))]).toEqual([true, 0]);
  });
});

test('gives everything back', async () => {
  const { world, home, holder, held } = await farScene({ serve: true });
  const { freeBytes } = new World().machine;
  await world.clock.run(held.release());
  await world.clock.settle();
  expect([home.card.open, holder.card.open]).toEqual([0, 0]);
  home.agent.close();
  holder.agent.close();
  await world.clock.advance(10_000);
  expect(world.machine).toMatchObject({ attachments: { open: 0 }, freeBytes });
  expect(world.clock.pending).toBe(0);
});

test('the same seed gives the same run', async () => {
  const run = async (seed: number) => {
    const { world, held } = await farScene({ seed, serve: true, readMs: 2 ** -7 });
    world.fabric.delayMs = () => world.random.unit() * 5;
    world.fabric.loses = () => world.random.unit() < 0.02;
    const client = new RpcClient(held);
    const outcomes = [];
    for (let i = 0; i < 20; i++) {
      const [settled] = await world.clock.run(Promise.allSettled([client.call(i, bytes(i))]));
      outcomes.push(settled.status);
    }
    return [outcomes, held.id, world.clock.timeMs, world.random.unit()];
  };
  const once = await run(5);
  expect(await run(5)).toEqual(once);
  expect(await run(6)).not.toEqual(once);
});
