import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { FabricErrorCode } from '../errors.ts';
import { cut, type FarScene, farScene, farServedScene, losses, open, RefusingHome } from '../far-world.test.support.ts';
import { controlRequestMs, networkSilenceMs, noRoomMs, reconnectMs, reconnectMsMax } from '../limits.ts';
import { RpcClient } from '../rpc/client.ts';
import { outcome } from '../world.test.support.ts';

/** Longer than any pause between two attempts, and than any connecting. */
const soonMs: number = 2 * reconnectMsMax;

/** When the holder tried to connect, since it lost the way. */
function attemptsOf({ world }: FarScene): number[] {
  const attempts: number[] = [];
  world.network.reaches = () => {
    attempts.push(world.clock.timeMs);
    return false;
  };
  return attempts;
}

describe.each(Object.entries(losses))('when %s', (_name, lose) => {
  test('a lease comes back, in the same generation, with its bytes', async () => {
    // Behind the slot, which is wiped.
    const at = 65536;
    const scene = await farServedScene({ minBytes: 2 * at });
    const { world, lease, held, holder } = scene;
    await world.clock.run(held.memory.write(at, Uint8Array.of(1, 2)));
    lose(scene);
    // What a card lost is found out by whoever sends something next.
    const read = held.memory.read(at, 2);
    await world.clock.advance(soonMs);
    expect(held).toMatchObject({ status: 'active', interrupted: false, generation: 1 });
    expect(await read).toEqual(Uint8Array.of(1, 2));
    expect(holder.agent.metrics).toMatchObject({ leasesInterrupted: 1, leasesResumed: 1, leasesActive: 1 });
    expect([lease.freeSlotCount, scene.home.transport.open, scene.home.card.open]).toEqual([0, 1, 1]);
  });

  test('a lease without a slot comes back too', async () => {
    const scene = await farScene();
    const { world, held } = scene;
    lose(scene);
    expect(await world.clock.run(held.memory.fetchAdd(0, 1n).catch(() => 7n))).toBeTypeOf('bigint');
    await world.clock.advance(soonMs);
    expect(held).toMatchObject({ status: 'active', interrupted: false });
    expect(await world.clock.run(held.memory.read(8, 2))).toEqual(new Uint8Array(2));
  });

  test('again and again, it comes back each time', async () => {
    const scene = await farServedScene();
    const { world, held, holder } = scene;
    for (let round = 1; round <= 5; round++) {
      lose(scene);
      await world.clock.run(held.memory.read(0, 1));
      await world.clock.advance(soonMs);
      expect(holder.agent.metrics).toMatchObject({ leasesInterrupted: round, leasesResumed: round });
    }
    expect([held.status, scene.home.card.open, holder.card.open]).toEqual(['active', 1, 1]);
  });
});

describe('attempts', () => {
  test('come at growing intervals, up to a bound, and none like another’s', async () => {
    const pausesOf = async (seed: number) => {
      const scene = await farScene({ seed });
      const attempts = attemptsOf(scene);
      scene.holder.transport.breakAll();
      await scene.world.clock.advance(20_000);
      expect(scene.held.status).toBe('active');
      return attempts.slice(1).map((ms, index) => ms - (attempts[index] as number));
    };
    const pauses = await pausesOf(1);
    for (const [index, pauseMs] of pauses.entries()) {
      const fullMs = Math.min(reconnectMs * 2 ** index, reconnectMsMax);
      expect(pauseMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(pauseMs).toBeLessThanOrEqual(fullMs);
    }
    expect(pauses.length).toBeGreaterThan(20);
    expect(await pausesOf(2)).not.toEqual(pauses);
  });

  test('begin at once', async () => {
    const scene = await farScene();
    const attempts = attemptsOf(scene);
    const lostAtMs = scene.world.clock.timeMs;
    scene.holder.transport.breakAll();
    await scene.world.clock.settle();
    expect(attempts).toEqual([lostAtMs]);
  });

  test('stop when the lease’s time is over, by the holder’s own clock', async () => {
    const clocks = fc.record({
      offsetMs: fc.integer({ min: -1e6, max: 1e6 }),
      rate: fc.double({ min: 0.9999, max: 1.0001, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(clocks, fc.integer({ min: 10, max: 10_000 }), async (holder, leaseMs) => {
        const scene = await farScene({ holder, leaseMs });
        const { world, held, lease } = scene;
        const attempts = attemptsOf(scene);
        let endedAtMs = 0;
        held.onEnd(() => {
          endedAtMs = scene.holder.clock.timeMs;
        });
        scene.holder.transport.breakAll();
        await world.clock.advance(leaseMs - 5);
        const { deadlineMs } = held;
        await world.clock.advance(soonMs + 10);
        expect([held.status, lease.status]).toEqual(['expired', 'expired']);
        expect(endedAtMs).toBeCloseTo(deadlineMs, 3);
        const { length } = attempts;
        await world.clock.advance(10 * soonMs);
        expect(attempts).toHaveLength(length);
        expect(world.clock.pending).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  test('stop with the agent, whose leases end', async () => {
    const scene = await farServedScene();
    const attempts = attemptsOf(scene);
    scene.holder.transport.breakAll();
    await scene.world.clock.advance(100);
    scene.holder.agent.close();
    expect(scene.held.status).toBe('disconnected');
    const { length } = attempts;
    await scene.world.clock.advance(10 * soonMs);
    expect(attempts).toHaveLength(length);
    expect(scene.holder.agent.metrics.leasesActive).toBe(0);
  });

  test('that are under way as the agent closes leave nothing behind', async () => {
    for (let closeAtMs = 0; closeAtMs <= 12; closeAtMs++) {
      const scene = await farServedScene();
      const { world, lease, held, holder, home } = scene;
      world.network.delayMs = () => 1;
      world.fabric.delayMs = () => 1;
      holder.transport.breakAll();
      await world.clock.advance(closeAtMs);
      holder.agent.close();
      expect(held.status).toBe('disconnected');
      await world.clock.advance(soonMs);
      expect([lease.freeSlotCount, holder.transport.open, home.transport.open, holder.card.open]).toEqual([1, 0, 0, 0]);
    }
  });
});

describe('the lease ends as disconnected', () => {
  test('at once, when its home was started anew at the same address', async () => {
    const scene = await farServedScene();
    const { world, held, home, address } = scene;
    await cut(scene);
    await world.clock.advance(1000);
    home.kill();
    const anew = world.process({ far: true });
    await world.clock.run(anew.agent.listenNetwork(address));
    expect(held.status).toBe('active');
    open(scene);
    await world.clock.advance(reconnectMsMax);
    expect(held.status).toBe('disconnected');
    expect(anew.transport.open).toBe(0);
  });

  test('at once, when nobody listens there any more', async () => {
    const scene = await farServedScene();
    scene.home.kill();
    await scene.world.clock.settle();
    expect(scene.held.status).toBe('disconnected');
    expect(scene.holder.agent.metrics).toMatchObject({ leasesActive: 0, leasesResumed: 0 });
  });
});

describe('an end at home that the holder could not hear of', () => {
  test.each([
    ['revoked', 'revoked'],
    ['released', 'revoked'],
  ] as const)('%s, it finds out when it comes back', async (how, status) => {
    const scene = await farServedScene();
    const { world, lease, held } = scene;
    await cut(scene);
    await (how === 'revoked' ? lease.revoke() : lease.release());
    await world.clock.advance(5000);
    expect(held.status).toBe('active');
    open(scene);
    await world.clock.advance(reconnectMsMax);
    expect(held.status).toBe(status);
  });
});

describe('what the home answers', () => {
  const answer = async (code: FabricErrorCode) => {
    const scene = await farServedScene();
    await cut(scene);
    const { id } = scene.home.agent;
    scene.home.kill();
    const refusing = new RefusingHome(scene, id, { type: 'refused', code, message: 'no' });
    open(scene);
    await scene.world.clock.advance(soonMs);
    return { held: scene.held, refusing };
  };

  test.each([
    ['Revoked', 'revoked'],
    ['LeaseExpired', 'expired'],
    ['Fenced', 'fenced'],
    ['Unsupported', 'disconnected'],
    ['MalformedFrame', 'disconnected'],
    ['PayloadTooLarge', 'disconnected'],
  ] as const)('%s ends the lease as %s', async (code, status) => {
    const { held, refusing } = await answer(code);
    expect(held.status).toBe(status);
    expect(refusing.heard).toHaveLength(1);
  });

  test.each(['Contention', 'CapacityExceeded', 'DeadlineExceeded', 'IoError', 'Disconnected'] as const)(
    '%s lets it ask again',
    async (code) => {
      const { held, refusing } = await answer(code);
      expect(held).toMatchObject({ status: 'active', interrupted: true });
      expect(refusing.heard.length).toBeGreaterThan(3);
    },
  );
});

describe('the slot', () => {
  test('that another client took meanwhile is waited for', async () => {
    const scene = await farServedScene();
    const { world, lease, held } = scene;
    await cut(scene);
    const other = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    open(scene);
    await world.clock.advance(noRoomMs - soonMs);
    expect(held).toMatchObject({ status: 'active', interrupted: true });
    await world.clock.run(other.release());
    await world.clock.advance(soonMs);
    expect([held.interrupted, lease.freeSlotCount]).toEqual([false, 0]);
  });

  test('that another client keeps is not waited for until the lease is over', async () => {
    const scene = await farServedScene();
    const { world, lease, held } = scene;
    await cut(scene);
    const other = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    open(scene);
    await world.clock.advance(noRoomMs + soonMs);
    expect([held.status, other.status, lease.status]).toEqual(['disconnected', 'active', 'active']);
  });
});

describe('a home that is not what it was', () => {
  test('because it gives no slot back, ends the lease: its calls would wait for ever', async () => {
    const scene = await farServedScene();
    const { world, held, lease, holder } = scene;
    const call = outcome(new RpcClient(held, { wait: 'event' }).call(1, new Uint8Array(0), { idempotent: true }));
    vi.spyOn(lease, 'layout', 'get').mockReturnValue({ name: 'none', slotCount: 0, slotStride: 0 });
    holder.transport.breakAll();
    expect(await world.clock.run(call)).toMatchObject({ reason: { code: 'Disconnected', mayHaveExecuted: true } });
    expect(held.status).toBe('disconnected');
  });

  test('because its lease is of another generation, ends it as revoked', async () => {
    const scene = await farServedScene();
    const { world, held, lease, holder } = scene;
    Object.defineProperty(lease, 'generation', { value: 2 });
    holder.transport.breakAll();
    await world.clock.advance(soonMs);
    expect(held.status).toBe('revoked');
  });

  test('because its lease is of another size, ends it as disconnected', async () => {
    const scene = await farServedScene();
    const { world, held, lease, holder } = scene;
    Object.defineProperty(lease, 'arenaBytes', { value: 2 * lease.arenaBytes });
    holder.transport.breakAll();
    await world.clock.advance(soonMs);
    expect([held.status, lease.freeSlotCount]).toEqual(['disconnected', 1]);
  });
});

describe('several leases of one home', () => {
  async function several(count: number) {
    const scene = await farServedScene();
    const { world, home, holder, address } = scene;
    const others = Array.from({ length: count - 1 }, () =>
      home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false }),
    );
    const attached = others.map(({ id }) => holder.agent.attach(id, { slots: 0 }, address));
    const helds = [scene.held, ...(await world.clock.run(Promise.all(attached)))];
    return { ...scene, others, helds };
  }

  test('come back over one connection', async () => {
    const scene = await several(5);
    const { world, home, holder, helds } = scene;
    let connections = 0;
    world.network.reaches = () => {
      connections += 1;
      return true;
    };
    holder.transport.breakAll();
    await world.clock.settle();
    expect(helds.map(({ interrupted }) => interrupted)).toEqual(helds.map(() => false));
    expect([connections, home.transport.open, holder.card.open]).toEqual([1, 1, 1]);
    expect(holder.agent.metrics).toMatchObject({ leasesInterrupted: 5, leasesResumed: 5, leasesActive: 5 });
  });

  test('end each in its own way', async () => {
    const scene = await several(3);
    const { world, others, helds } = scene;
    await cut(scene);
    await others[0]?.revoke();
    void helds[2]?.release();
    open(scene);
    await world.clock.advance(soonMs);
    expect(helds.map(({ status }) => status)).toEqual(['active', 'revoked', 'released']);
    expect(helds[0]?.interrupted).toBe(false);
  });
});

describe('a way that is lost once more while leases come back', () => {
  const moments = Array.from({ length: 25 }, (_, index) => index / 2);

  test.each(Object.entries(losses))('because %s is found once more', async (_name, lose) => {
    for (const ms of moments) {
      const scene = await farServedScene();
      const { world, home, holder, lease, held, address } = scene;
      const second = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
      const also = await world.clock.run(holder.agent.attach(second.id, { slots: 0 }, address));
      world.network.delayMs = () => 1 + world.random.unit();
      world.fabric.delayMs = () => 1 + world.random.unit();
      holder.transport.breakAll();
      await world.clock.advance(ms);
      lose(scene);
      // Either lease may be the one over whose session something is sent.
      const reads = [held, also].map((each) => outcome(each.memory.read(0, 1)));
      await world.clock.advance(2 * networkSilenceMs + controlRequestMs + soonMs);
      expect(await world.clock.run(Promise.all(reads))).toMatchObject([
        { status: 'fulfilled' },
        { status: 'fulfilled' },
      ]);
      expect([held.interrupted, also.interrupted, lease.freeSlotCount]).toEqual([false, false, 0]);
      expect([holder.card.open, home.card.open]).toEqual([1, 1]);
    }
  });

  test('as its answer comes leaves no session open that nobody closes', async () => {
    const scene = await farServedScene();
    const { world, holder, home } = scene;
    world.network.delayMs = () => 10;
    holder.transport.breakAll();
    // The answer is under way, and the end right behind it: a holder that was busy hears of both in one go.
    await world.clock.advance(35);
    holder.freeze();
    home.card.breakAll();
    await world.clock.advance(100);
    holder.thaw();
    await world.clock.advance(soonMs);
    expect([scene.held.interrupted, holder.card.open, home.card.open]).toEqual([false, 1, 1]);
  });

  test('leaves no session at home that keeps the slot, where the home has noticed nothing', async () => {
    const scene = await farServedScene();
    const { world, holder, held, lease } = scene;
    world.fabric.delayMs = () => 50;
    holder.transport.loseAll();
    // Attached once more, and not bound yet.
    await world.clock.advance(50);
    holder.transport.loseAll();
    await world.clock.advance(soonMs);
    expect([held.status, held.interrupted, lease.freeSlotCount]).toEqual(['active', false, 0]);
  });
});
