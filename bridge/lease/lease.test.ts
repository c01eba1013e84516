import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Disconnected, Fenced, LeaseExpired, Revoked } from '../errors.ts';
import { leaseMsMax, leaseMsMin } from '../limits.ts';
import { granted, heldScene } from '../world.test.support.ts';
import type { Lease } from './lease.ts';
import type { EndedStatus } from './lease-status.ts';
import { defaultRenewalPolicy } from './renewal.ts';

const dayMs = 24 * 3600 * 1000;

/** Notes every end that a lease tells of. */
function endsOf(lease: Lease): EndedStatus[] {
  const ends: EndedStatus[] = [];
  lease.onEnd((status) => ends.push(status));
  return ends;
}

describe('expiry', () => {
  test('comes at the deadline, once, and leaves nothing behind', async () => {
    const { world, home, lease } = granted({ leaseMs: 1000 });
    const ends = endsOf(lease);
    const { window } = lease;
    await world.clock.advance(999);
    expect([lease.status, lease.remainingMs]).toEqual(['active', 1]);
    await world.clock.advance(1);
    expect([lease.status, lease.remainingMs, ends]).toEqual(['expired', 0, ['expired']]);
    expect(window.arena).toHaveLength(0);
    expect(() => lease.check()).toThrow(LeaseExpired);
    lease.end('revoked');
    await lease.release();
    await world.clock.advance(dayMs);
    expect(ends).toEqual(['expired']);
    expect(home.agent.metrics).toMatchObject({
      leasesExpired: 1,
      leasesRevoked: 0,
      leasesReleased: 0,
      leasesActive: 0,
    });
    expect(world.clock.pending).toBe(0);
  });

  test.each([leaseMsMin, 2 ** 31 - 1, 2 ** 31, leaseMsMax])(
    'comes after %d ms, which setTimeout cannot count',
    async (leaseMs) => {
      const { world, lease } = granted({ leaseMs });
      await world.clock.advance(leaseMs - 1);
      expect(lease.status).toBe('active');
      await world.clock.advance(1);
      expect(lease.status).toBe('expired');
    },
  );

  test.each([0, -1, leaseMsMin - 1, leaseMsMax + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    'after %d ms is not to be had',
    async (leaseMs) => {
      const { lease } = granted();
      await expect(lease.renew(leaseMs)).rejects.toThrow(RangeError);
      expect(() => granted({ leaseMs })).toThrow(RangeError);
      expect(lease.status).toBe('active');
    },
  );

  test('that a stopped process slept through is found by the first operation', async () => {
    const { world, home, lease } = granted({ leaseMs: 1000 });
    home.freeze();
    await world.clock.advance(1000);
    expect(lease.status).toBe('active');
    await expect(lease.memory.read(0, 1)).rejects.toBeInstanceOf(LeaseExpired);
    expect(lease.status).toBe('expired');
  });
});

describe('an end', () => {
  test.each([
    ['expired', LeaseExpired],
    ['revoked', Revoked],
    ['released', Revoked],
    ['fenced', Fenced],
  ] as const)('%s fails every operation alike', async (status, failure) => {
    const { lease } = granted();
    lease.end(status);
    expect(() => lease.check()).toThrow(failure);
    expect(() => lease.checkDeadline()).toThrow(failure);
    expect(() => lease.readLayout()).toThrow(failure);
    await expect(lease.renew()).rejects.toBeInstanceOf(failure);
    await expect(lease.memory.read(0, 1)).rejects.toBeInstanceOf(failure);
    await expect(lease.memory.write(0, Uint8Array.of(1))).rejects.toBeInstanceOf(failure);
    await expect(lease.memory.compareExchange(0, 0n, 1n)).rejects.toBeInstanceOf(failure);
    await expect(lease.memory.fetchAdd(0, 1n)).rejects.toBeInstanceOf(failure);
    expect(lease.endedError(true)).toMatchObject({ mayHaveExecuted: true });
  });

  test('is told before the window closes, to those who still listen', () => {
    const { lease } = granted();
    const seen: [EndedStatus, number][] = [];
    lease.onEnd((status) => seen.push([status, lease.window.arena.length]));
    const forget = lease.onEnd(() => expect.unreachable());
    forget();
    lease.end('revoked');
    expect(seen).toEqual([['revoked', 65536]]);
    expect(lease.window.arena).toHaveLength(0);
  });

  test('is told to all, and takes place, although a listener throws', async () => {
    const { lease } = granted();
    const surfaced: unknown[] = [];
    const surface = (error: unknown) => surfaced.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', surface);
    try {
      lease.onEnd(() => {
        throw new Error('a listener’s own bug');
      });
      const ends = endsOf(lease);
      lease.end('released');
      expect(ends).toEqual(['released']);
      expect(lease.window.arena).toHaveLength(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect(surfaced).toEqual([expect.objectContaining({ message: 'a listener’s own bug' })]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });

  test('that a listener asks for again is still one', () => {
    const { lease } = granted();
    lease.onEnd(() => lease.end('expired'));
    const ends = endsOf(lease);
    lease.end('released');
    expect([lease.status, ends]).toEqual(['released', ['released']]);
  });

  test('whatever ends come in whatever order, the first counts, and alone', async () => {
    const status = fc.constantFrom('expired', 'revoked', 'released', 'fenced');
    await fc.assert(
      fc.asyncProperty(fc.array(status, { minLength: 1, maxLength: 5 }), fc.nat(2000), async (asked, atMs) => {
        const { world, lease } = granted({ leaseMs: 1000 });
        const ends = endsOf(lease);
        await world.clock.advance(atMs);
        for (const next of asked) lease.end(next);
        await world.clock.advance(2000);
        expect(ends).toEqual([atMs >= 1000 ? 'expired' : asked[0]]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the control page', () => {
  test('of another generation means that the lease was granted anew', () => {
    const { lease } = granted();
    lease.window.control.setState('active', lease.generation + 1);
    expect(() => lease.check()).toThrow(Revoked);
    expect(lease.status).toBe('revoked');
  });

  test('says to a holder how the lease ended, before any message does', async () => {
    for (const [status, failure] of [
      ['expired', LeaseExpired],
      ['revoked', Revoked],
      ['fenced', Fenced],
    ] as const) {
      const { world, lease, held } = await heldScene();
      world.network.delayMs = () => 1000;
      lease.end(status);
      expect(() => held.check()).toThrow(failure);
      expect(held.status).toBe(status);
    }
  });

  test('of nonsense fails closed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (word) => {
        const { held } = await heldScene();
        const { words } = held.window.control;
        if (words[3] === word) return;
        words[3] = word;
        expect(() => held.check()).toThrow();
        expect(held.status).not.toBe('active');
      }),
      { numRuns: 20 },
    );
  });
});

describe('renewal', () => {
  test('moves the deadline to that much from now', async () => {
    const { world, lease } = granted({ leaseMs: 1000 });
    await world.clock.advance(900);
    await lease.renew();
    expect(lease.remainingMs).toBe(1000);
    await lease.renew(5000);
    expect(lease.remainingMs).toBe(5000);
    await world.clock.advance(4999);
    expect(lease.status).toBe('active');
    await world.clock.advance(1);
    expect(lease.status).toBe('expired');
  });

  test('after the end is refused', async () => {
    const { world, lease } = granted({ leaseMs: 1000 });
    await world.clock.advance(1000);
    await expect(lease.renew()).rejects.toBeInstanceOf(LeaseExpired);
  });
});

describe('automatic renewal', () => {
  test('keeps a lease alive for days, at the policy’s pace', async () => {
    const { world, lease } = granted({ leaseMs: 300_000 });
    lease.renewAutomatically(defaultRenewalPolicy);
    let remainingMsMin = Number.POSITIVE_INFINITY;
    for (let hour = 0; hour < 72; hour++) {
      await world.clock.advance(3600_000);
      remainingMsMin = Math.min(remainingMsMin, lease.remainingMs);
    }
    expect(lease.status).toBe('active');
    expect(remainingMsMin).toBeGreaterThan(300_000 * 0.17);
    const renewals = lease.context.metrics.leasesRenewed;
    expect(renewals).toBeGreaterThan((3 * dayMs) / (300_000 * 0.825) - 2);
    expect(renewals).toBeLessThan((3 * dayMs) / (300_000 * 0.675) + 1);
    expect(world.clock.pending).toBe(2);
  });

  test.each([leaseMsMin, 50, 1000, 33_000, 40_000, 3_600_000])('keeps one of %d ms alive', async (leaseMs) => {
    const { world, lease } = granted({ leaseMs });
    lease.renewAutomatically(defaultRenewalPolicy);
    await world.clock.advance(20 * leaseMs);
    expect(lease.status).toBe('active');
  });

  test('at a holder keeps it alive for days, for its home too', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 300_000 });
    world.network.delayMs = () => world.random.unit() * 200;
    held.renewAutomatically(defaultRenewalPolicy);
    await world.clock.advance(2 * dayMs);
    expect([lease.status, held.status]).toEqual(['active', 'active']);
  });

  test('at a holder that came late begins in time', async () => {
    const scene = granted({ leaseMs: 300_000 });
    await scene.world.clock.advance(290_000);
    const held = await scene.world.clock.run(scene.world.process().agent.attach(scene.lease.id, { slots: 0 }));
    held.renewAutomatically(defaultRenewalPolicy);
    await scene.world.clock.advance(dayMs);
    expect(held.status).toBe('active');
  });

  test('keeps a lease alive whose deadline somebody has drawn nearer', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 300_000 });
    held.renewAutomatically(defaultRenewalPolicy);
    await lease.renew(1000);
    await world.clock.advance(dayMs);
    expect([lease.status, held.status]).toEqual(['active', 'active']);
  });

  test('is not held up by others that renew', async () => {
    const { world, lease } = granted({ leaseMs: 10_000 });
    lease.renewAutomatically(defaultRenewalPolicy);
    for (let i = 0; i < 100; i++) {
      await world.clock.advance(4000);
      await lease.renew(5000);
    }
    await world.clock.advance(100_000);
    expect(lease.status).toBe('active');
  });

  test('ends with the lease', async () => {
    const { world, lease } = granted({ leaseMs: 1000 });
    lease.renewAutomatically(defaultRenewalPolicy);
    await world.clock.advance(5000);
    await lease.release();
    expect(world.clock.pending).toBe(0);
  });

  test('tries again after a failure, first soon, then at most every 5 s', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 300_000 });
    const tries: number[] = [];
    let fails = true;
    const renew = held.renew.bind(held);
    held.renew = async () => {
      tries.push(world.clock.timeMs);
      if (fails) throw new Disconnected('just now');
      await renew();
    };
    held.renewAutomatically(defaultRenewalPolicy);
    await world.clock.advance(225_000 + 25_000);
    const gaps = tries.slice(1).map((at, index) => Math.round(at - (tries[index] as number)));
    expect(gaps.slice(0, 8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000].slice(0, gaps.length));
    expect(gaps.length).toBeGreaterThan(4);
    fails = false;
    await world.clock.advance(10_000);
    expect(tries.at(-1)).toBeLessThan(300_000);
    expect(lease.remainingMs).toBeGreaterThan(200_000);
    await world.clock.advance(300_000);
    expect(held.status).toBe('active');
  });

  test('that cannot reach its home ends with the connection', async () => {
    const { world, home, held } = await heldScene({ leaseMs: 300_000 });
    held.renewAutomatically(defaultRenewalPolicy);
    home.kill();
    await world.clock.advance(300_000);
    expect(held.status).toBe('disconnected');
    expect(() => held.check()).toThrow(Disconnected);
  });
});
