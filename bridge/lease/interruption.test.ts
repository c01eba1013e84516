// What a lease's holder can do while the way to its home is lost, and what becomes of what it was doing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, type FarScene, farScene, farServedScene, losses, open, shut } from '../far-world.test.support.ts';
import { reconnectMsMax } from '../limits.ts';
import { outcome } from '../world.test.support.ts';
import { defaultRenewalPolicy } from './renewal.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const soonMs: number = 2 * reconnectMsMax;

const brokenOff = { status: 'rejected', reason: { code: 'Disconnected', mayHaveExecuted: true } };

/** Opens the way again, and waits until it was found. */
async function restore(scene: FarScene): Promise<void> {
  open(scene);
  await scene.world.clock.advance(soonMs);
  expect(scene.held.interrupted).toBe(false);
}

describe.each(Object.entries(losses))('what is under way when %s', (_name, lose) => {
  /** A scene in which messages between cards take 10 ms. */
  async function slow(): Promise<FarScene> {
    const scene = await farScene();
    await scene.lease.memory.write(0, bytes(1, 2, 3, 4, 5, 6, 7, 8));
    scene.world.fabric.delayMs = () => 10;
    return scene;
  }

  test.each([5, 15])('a read begins again, and brings the right bytes (%d ms)', async (ms) => {
    const scene = await slow();
    const read = scene.held.memory.read(2, 3);
    await scene.world.clock.advance(ms);
    lose(scene);
    expect(await scene.world.clock.run(read)).toEqual(bytes(3, 4, 5));
  });

  test.each([5, 15])('a write or an atomic fails, and may have been executed (%d ms)', async (ms) => {
    for (const operation of ['write', 'fetchAdd', 'compareExchange'] as const) {
      const scene = await slow();
      const { memory } = scene.held;
      const begin = {
        write: () => memory.write(8, bytes(9)),
        fetchAdd: () => memory.fetchAdd(8, 9n),
        compareExchange: () => memory.compareExchange(8, 0n, 9n),
      }[operation];
      const settled = outcome<unknown>(begin());
      await scene.world.clock.advance(ms);
      lose(scene);
      expect(await scene.world.clock.run(settled)).toMatchObject(brokenOff);
      await scene.world.clock.advance(soonMs);
      const there = await scene.lease.memory.fetchAdd(8, 0n);
      // Half a round trip later it has got there, once.
      expect([0n, 9n]).toContain(there);
      if (ms === 15) expect(there).toBe(9n);
    }
  });
});

describe('what begins during an interruption', () => {
  test('waits for its end', async () => {
    const scene = await farScene();
    const { held, lease, world } = scene;
    await lease.memory.write(0, bytes(5));
    await cut(scene);
    const read = outcome(held.memory.read(0, 1));
    const write = outcome(held.memory.write(1, bytes(6)));
    const add = outcome(held.memory.fetchAdd(8, 7n));
    const exchange = outcome(held.memory.compareExchange(16, 0n, 8n));
    await world.clock.advance(10_000);
    expect(await lease.memory.read(0, 24)).toEqual(Uint8Array.of(5, ...new Array(23).fill(0)));
    await restore(scene);
    expect(await Promise.all([read, write, add, exchange])).toMatchObject([
      { value: bytes(5) },
      { status: 'fulfilled' },
      { value: 0n },
      { value: 0n },
    ]);
    expect([...(await lease.memory.read(0, 2)), await lease.memory.fetchAdd(8, 0n)]).toEqual([5, 6, 7n]);
  });

  test('a write has its bytes from the moment it was called', async () => {
    const scene = await farScene();
    await cut(scene);
    const source = Buffer.from([1, 2, 3]);
    const write = scene.held.memory.write(0, source);
    source.fill(0);
    await restore(scene);
    await write;
    expect(await scene.lease.memory.read(0, 3)).toEqual(bytes(1, 2, 3));
  });

  test('is checked at once all the same', async () => {
    const scene = await farScene();
    await cut(scene);
    await expect(scene.held.memory.read(-1, 1)).rejects.toBeInstanceOf(RangeError);
    await expect(scene.held.memory.fetchAdd(4, 1n)).rejects.toBeInstanceOf(RangeError);
  });

  test.each(['expired', 'revoked', 'released', 'disconnected', 'fenced'] as const)(
    'fails as the lease does, if that is %s meanwhile, and has not been executed',
    async (status) => {
      const scene = await farScene();
      await cut(scene);
      const read = outcome(scene.held.memory.read(0, 1));
      const write = outcome(scene.held.memory.write(0, bytes(1)));
      const renewal = outcome(scene.held.renew());
      await scene.world.clock.advance(100);
      scene.held.end(status);
      const code = { expired: 'LeaseExpired', revoked: 'Revoked', released: 'Revoked', fenced: 'Fenced' } as const;
      const reason = { code: status === 'disconnected' ? 'Disconnected' : code[status], mayHaveExecuted: false };
      expect(await Promise.all([read, write, renewal])).toMatchObject([{ reason }, { reason }, { reason }]);
      expect(scene.holder.card.keepsAlive).toBe(false);
    },
  );

  test('a renewal waits too, and then holds', async () => {
    const scene = await farScene();
    const { held, lease, world } = scene;
    await cut(scene);
    const renewal = held.renew(600_000);
    await world.clock.advance(20_000);
    expect(lease.remainingMs).toBe(40_000);
    await restore(scene);
    await world.clock.run(renewal);
    expect(lease.remainingMs).toBeGreaterThan(590_000);
    expect(held.remainingMs).toBeGreaterThan(590_000);
  });

  test('keeps the process alive, and nothing else does', async () => {
    const scene = await farScene();
    const { card } = scene.holder;
    await cut(scene);
    expect(card.keepsAlive).toBe(false);
    const reads = Promise.all([scene.held.memory.read(0, 1), scene.held.memory.read(0, 1)]);
    expect(card.keepsAlive).toBe(true);
    await restore(scene);
    await reads;
    expect(card.keepsAlive).toBe(false);
  });
});

describe('a lease that is interrupted', () => {
  test('has less and less time', async () => {
    const scene = await farScene();
    const { held, world } = scene;
    await cut(scene);
    const { remainingMs, deadlineMs } = held;
    await world.clock.advance(10_000);
    expect([remainingMs - held.remainingMs, held.deadlineMs, held.status]).toEqual([10_000, deadlineMs, 'active']);
  });

  test('never outlives what its home says, however long its coming back takes', async () => {
    const scene = await farScene({ leaseMs: 20_000 });
    const { held, lease, world } = scene;
    await cut(scene);
    world.network.delayMs = () => 500;
    world.fabric.delayMs = () => 100;
    open(scene);
    await world.clock.advance(10_000);
    expect(held.interrupted).toBe(false);
    expect(held.deadlineMs).toBeLessThan(lease.deadlineMs);
    // What it took to ask counts as gone: half a second there.
    expect(lease.deadlineMs - held.deadlineMs).toBeGreaterThan(500);
  });

  test('follows a renewal at home that it could not hear of', async () => {
    const scene = await farScene({ leaseMs: 20_000 });
    await cut(scene);
    await scene.lease.renew(100_000);
    await restore(scene);
    expect(scene.held.remainingMs).toBeGreaterThan(90_000);
  });

  test('renews itself once it is back', async () => {
    const scene = await farScene({ leaseMs: 20_000 });
    const { held, lease, world } = scene;
    held.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
    await world.clock.advance(10_000);
    await cut(scene);
    await world.clock.advance(7000);
    expect(lease.remainingMs).toBeLessThan(4000);
    expect(scene.holder.card.keepsAlive).toBe(false);
    await restore(scene);
    await world.clock.advance(100_000);
    expect([held.status, lease.status]).toEqual(['active', 'active']);
  });

  test('can be released, at once, and does not come back', async () => {
    const scene = await farServedScene();
    const { held, lease, holder, world, home } = scene;
    await cut(scene);
    const released = outcome(held.release());
    await world.clock.settle();
    expect(await released).toMatchObject({ status: 'fulfilled' });
    expect([held.status, held.window.arena.length]).toEqual(['released', 0]);
    open(scene);
    await world.clock.advance(soonMs);
    expect([lease.freeSlotCount, home.transport.open, holder.card.open]).toEqual([1, 0, 0]);
    expect(holder.agent.metrics).toMatchObject({ leasesInterrupted: 1, leasesResumed: 0, leasesActive: 0 });
  });

  test('that ends at home just as it comes back has ended here, too', async () => {
    for (const slot of [true, false]) {
      for (let ms = 0; ms <= 16; ms++) {
        const scene = await (slot ? farServedScene() : farScene());
        const { held, lease, world, holder, home } = scene;
        world.network.delayMs = () => 1;
        world.fabric.delayMs = () => 1;
        holder.transport.breakAll();
        await world.clock.advance(ms);
        void lease.revoke();
        await world.clock.advance(soonMs);
        expect([held.status, held.window.arena.length]).toEqual(['revoked', 0]);
        expect([home.transport.open, home.card.open, holder.transport.open, holder.card.open]).toEqual([0, 0, 0, 0]);
      }
    }
  });

  test('whose time is over just as it comes back has expired, and leaves nothing behind', async () => {
    for (let ms = 0; ms <= 16; ms++) {
      const scene = await farServedScene({ leaseMs: 1000 });
      const { held, world, holder, home } = scene;
      world.network.delayMs = () => 1;
      world.fabric.delayMs = () => 1;
      await world.clock.advance(held.remainingMs - ms);
      holder.transport.breakAll();
      await world.clock.advance(soonMs);
      expect([held.status, holder.agent.metrics.leasesActive]).toEqual(['expired', 0]);
      expect([home.transport.open, home.card.open, holder.transport.open, holder.card.open]).toEqual([0, 0, 0, 0]);
    }
  });

  test('that is released just as it comes back is given back at home too', async () => {
    for (let ms = 0; ms <= 12; ms++) {
      const scene = await farServedScene();
      const { held, lease, world, holder, home } = scene;
      world.network.delayMs = () => 1;
      world.fabric.delayMs = () => 1;
      holder.transport.loseAll();
      await world.clock.advance(ms);
      void held.release();
      await world.clock.advance(soonMs);
      // Before the holder notices, its word is lost with the way, and the home learns of it by the silence.
      if (ms > 0) expect([lease.freeSlotCount, holder.transport.open, holder.card.open]).toEqual([1, 0, 0]);
      await world.clock.advance(20_000);
      expect([home.transport.open, home.card.open, holder.agent.metrics.leasesActive]).toEqual([0, 0, 0]);
      expect(lease.freeSlotCount).toBe(1);
    }
  });

  test('gives its slot to no new client', async () => {
    const scene = await farServedScene();
    await cut(scene);
    expect(() => scene.held.claimClientSlots(1)).toThrow('interrupted');
    await restore(scene);
    expect(scene.held.claimClientSlots(1)).toMatchObject({ first: 0, session: 1 });
  });
});

describe('whatever is lost, whenever', () => {
  const quartz = fc.record({
    offsetMs: fc.integer({ min: -1e6, max: 1e6 }),
    rate: fc.double({ min: 0.9999, max: 1.0001, noNaN: true }),
  });
  const what = fc.constantFrom(...Object.keys(losses), 'pass', 'stop the holder', 'stop the home', 'shut', 'renew');
  const step = fc.record({ what, ms: fc.nat(3000), delayMsMax: fc.nat(100) });
  const onTimeline = ({ offsetMs, rate }: { offsetMs: number; rate: number }, timeMs: number) =>
    (timeMs - offsetMs) / rate;

  test('a lease ends here before it does at home, and is back by then if it could be', async () => {
    await fc.assert(
      fc.asyncProperty(quartz, quartz, fc.nat(), fc.array(step, { maxLength: 15 }), async (a, b, seed, steps) => {
        const scene = await farServedScene({ home: a, holder: b, seed, leaseMs: 60_000 });
        const { world, home, holder, lease, held } = scene;
        const watch = () => {
          if (held.status !== 'active' || held.remainingMs === 0) return;
          expect(lease.status).toBe('active');
          expect(onTimeline(b, held.deadlineMs)).toBeLessThan(onTimeline(a, lease.deadlineMs));
        };
        for (const { what: trouble, ms, delayMsMax } of steps) {
          world.network.delayMs = () => world.random.unit() * delayMsMax;
          world.fabric.delayMs = () => world.random.unit() * delayMsMax;
          losses[trouble]?.(scene);
          if (trouble === 'stop the holder') holder.freeze();
          if (trouble === 'stop the home') home.freeze();
          if (trouble === 'shut') shut(scene);
          // Longer and longer: a renewal that shortens is the home's to enforce, not the holder's clock's.
          if (trouble === 'renew') void held.renew(60_000 + world.clock.timeMs).catch(() => undefined);
          void held.memory.read(0, 1).catch(() => undefined);
          for (let piece = 0; piece < 8; piece++) {
            await world.clock.advance(ms / 8);
            watch();
          }
          holder.thaw();
          home.thaw();
          open(scene);
        }
        await world.clock.advance(5000);
        void held.memory.read(0, 1).catch(() => undefined);
        for (let s = 0; s < 25; s++) {
          await world.clock.advance(1000);
          watch();
        }
        const isOver = held.status === 'expired';
        expect([held.status, held.interrupted]).toEqual(isOver ? ['expired', expect.any(Boolean)] : ['active', false]);
        const left = [holder.card.open, home.card.open, holder.agent.metrics.leasesActive];
        expect(left).toEqual(isOver ? [0, 0, 0] : [1, 1, 1]);
        lease.end('revoked');
        await world.clock.advance(5000);
        expect([home.card.open, holder.card.open, holder.card.keepsAlive]).toEqual([0, 0, false]);
        expect(holder.agent.metrics.leasesActive).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

test('what was interrupted and what came back is counted, each time', async () => {
  const scene = await farServedScene();
  const { home, holder, world, address } = scene;
  const second = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
  const also = await world.clock.run(holder.agent.attach(second.id, { slots: 0 }, address));
  const { metrics } = holder.agent;
  await cut(scene);
  expect(metrics).toMatchObject({ leasesInterrupted: 2, leasesResumed: 0, leasesActive: 2 });
  await restore(scene);
  expect(metrics).toMatchObject({ leasesInterrupted: 2, leasesResumed: 2, leasesActive: 2 });
  await cut(scene);
  void also.release();
  expect(metrics).toMatchObject({ leasesInterrupted: 4, leasesResumed: 2, leasesActive: 1 });
  await restore(scene);
  expect(metrics).toMatchObject({ leasesInterrupted: 4, leasesResumed: 3, leasesActive: 1, leasesAttached: 2 });
  expect(home.agent.metrics).toMatchObject({ leasesInterrupted: 0, leasesResumed: 0 });
});

test('leases of this machine are not interrupted: their home is gone, or it is there', async () => {
  const scene = await farScene();
  const { world, home, lease } = scene;
  const near = world.process();
  const held = await world.clock.run(near.agent.attach(lease.id, { slots: 0 }));
  near.transport.breakAll();
  await world.clock.settle();
  expect([held.status, near.agent.metrics.leasesInterrupted]).toEqual(['disconnected', 0]);
  expect(home.agent.metrics.leasesActive).toBe(1);
});
