import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Disconnected, LeaseExpired, Revoked, Unsupported } from '../errors.ts';
import { controlRequestMs } from '../limits.ts';
import { granted, heldScene, outcome, servedScene } from '../world.test.support.ts';
import type { Holder } from './home-lease.ts';
import type { Lease } from './lease.ts';
import { defaultRenewalPolicy, holderMarginMs } from './renewal.ts';

/** Where a time by a process's clock stands on the timeline. */
const onTimeline = (clock: { offsetMs: number; rate: number }, timeMs: number) =>
  (timeMs - clock.offsetMs) / clock.rate;

describe('time at a holder', () => {
  test('is counted from before it asked, less the margin', async () => {
    const { world, lease } = granted({ leaseMs: 60_000 });
    const holder = world.process();
    await world.clock.advance(10_000);
    world.network.delayMs = () => 500;
    const askedAtMs = world.clock.timeMs;
    const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 0 }));
    // Half a second to the home, which then said how much was left, and half a second back.
    expect(world.clock.timeMs - askedAtMs).toBe(1000);
    const remainingMs = 60_000 - 10_500;
    expect(held.deadlineMs).toBe(askedAtMs + remainingMs - holderMarginMs(remainingMs));
    expect(lease.deadlineMs - held.deadlineMs).toBeGreaterThan(500);
  });

  const quartz = fc.record({
    offsetMs: fc.integer({ min: -1e6, max: 1e6 }),
    rate: fc.double({ min: 0.9999, max: 1.0001, noNaN: true }),
  });
  const step = fc.oneof(
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }),
    fc.record({ do: fc.constant('renew at home' as const), ms: fc.nat(40_000) }),
    fc.record({ do: fc.constant('renew here' as const), ms: fc.nat(40_000) }),
    fc.record({ do: fc.constant('renew elsewhere' as const), ms: fc.nat(40_000) }),
    fc.record({ do: fc.constant('stop the holder for' as const), ms: fc.nat(20_000) }),
    fc.record({ do: fc.constant('stop the home for' as const), ms: fc.nat(20_000) }),
    fc.record({ do: fc.constant('refresh' as const), ms: fc.constant(0) }),
    fc.record({ do: fc.constant('delay messages up to' as const), ms: fc.nat(3000) }),
  );

  test('ends before it does at home, however clocks run, messages tarry, processes stall and renewals cross', async () => {
    await fc.assert(
      fc.asyncProperty(quartz, quartz, fc.nat(), fc.array(step, { maxLength: 12 }), async (a, b, seed, steps) => {
        const { world, home, lease } = granted({ leaseMs: 30_000, home: a, seed });
        const holder = world.process(b);
        const other = world.process();
        const held = await world.clock.run(holder.agent.attach(lease.id, { slots: 0 }));
        const elsewhere = await world.clock.run(other.agent.attach(lease.id, { slots: 0 }));
        // Renewals that cross may draw the home's deadline nearer; until news of that has come, a holder is behind. What
        // protects it then is the control page, not its clock: see the next test.
        let homeMs = lease.deadlineMs;
        let shortened = false;
        const note = () => {
          shortened ||= lease.deadlineMs < homeMs;
          homeMs = lease.deadlineMs;
        };
        // At every renewal: one that lengthens may hide one that shortens from who only looks now and then.
        lease.addHolder({ leaseRenewed: note, leaseEnded: () => true });
        const watch = () => {
          if (held.status !== 'active' || shortened) return;
          expect(onTimeline(b, held.deadlineMs)).toBeLessThan(onTimeline(a, lease.deadlineMs));
        };
        watch();
        let untilMs = world.clock.timeMs + 30_000;
        const renew = (end: Lease, ms: number) => {
          untilMs += 60_000 + ms;
          void end.renew(untilMs - world.clock.timeMs).catch(() => undefined);
        };
        for (const { do: what, ms } of steps) {
          if (what === 'renew at home') renew(lease, ms);
          if (what === 'renew here') renew(held, ms);
          if (what === 'renew elsewhere') renew(elsewhere, ms);
          if (what === 'refresh') void held.refresh();
          if (what === 'delay messages up to') world.network.delayMs = () => world.random.unit() * ms;
          if (what === 'stop the holder for') holder.freeze();
          if (what === 'stop the home for') home.freeze();
          // In small pieces: it has to hold at every moment.
          const pieceMs = Math.max(1, ms / 8);
          for (let piece = 0; piece < 8; piece++) {
            await world.clock.advance(pieceMs);
            watch();
          }
          holder.thaw();
          home.thaw();
        }
        const ended: [string, number][] = [];
        held.onEnd(() => ended.push(['holder', world.clock.timeMs]));
        lease.onEnd(() => ended.push(['home', world.clock.timeMs]));
        world.network.delayMs = () => 1;
        await world.clock.advance(3_600_000);
        expect([held.status, lease.status]).not.toContain('active');
        if (ended.length === 2 && !shortened) expect(ended[0]?.[0]).toBe('holder');
      }),
      { numRuns: 150 },
    );
  });

  test('that the home cut short ends with the home’s, by the control page, although no message has come', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 60_000 });
    world.network.delayMs = () => 10_000;
    await lease.renew(1000);
    await world.clock.advance(1000);
    expect(() => held.check()).toThrow(LeaseExpired);
  });

  test('grows when the home renews, once its notice has come', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 60_000 });
    world.network.delayMs = () => 100;
    await lease.renew(600_000);
    await world.clock.advance(199);
    expect(held.remainingMs).toBeLessThan(60_000);
    await world.clock.advance(101);
    expect(held.remainingMs).toBeGreaterThan(500_000);
  });

  test('is asked for once more before it ends: a notice that was lost is made up for', async () => {
    const { world, lease } = granted({ leaseMs: 60_000 });
    const addHolder = vi.spyOn(lease, 'addHolder');
    const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 0 }));
    // The home moves its deadline, and the session that would tell of it is not there to hear.
    const [[session]] = addHolder.mock.calls as [[Holder]];
    lease.removeHolder(session);
    await lease.renew(600_000);
    lease.addHolder(session);
    await world.clock.advance(50_000);
    expect(held.remainingMs).toBeLessThan(10_000);
    await world.clock.advance(60_000);
    expect(held.status).toBe('active');
    expect(held.remainingMs).toBeGreaterThan(400_000);
  });

  test('that is too short to ask again simply ends', async () => {
    const { world, held } = await heldScene({ leaseMs: 400 });
    await world.clock.advance(400);
    expect(held.status).toBe('expired');
  });

  test('stands where a question to the home fails', async () => {
    const { world, home, held } = await heldScene({ leaseMs: 60_000 });
    const { deadlineMs } = held;
    home.freeze();
    const asked = held.refresh();
    await world.clock.advance(controlRequestMs);
    await asked;
    expect([held.status, held.deadlineMs]).toEqual(['active', deadlineMs]);
  });
});

describe('a holder that was stopped past its deadline', () => {
  test('finds every operation expired, though its timer has not run, and its home has not ended', async () => {
    const { world, home, lease, holder, held } = await heldScene({ leaseMs: 60_000 });
    home.freeze();
    holder.freeze();
    await world.clock.advance(held.deadlineMs + 1 - world.clock.timeMs);
    expect([held.status, lease.status]).toEqual(['active', 'active']);
    const { memory } = held;
    expect(held.remainingMs).toBe(0);
    await expect(memory.read(0, 1)).rejects.toBeInstanceOf(LeaseExpired);
    await expect(memory.write(0, Uint8Array.of(1))).rejects.toBeInstanceOf(LeaseExpired);
    await expect(memory.compareExchange(0, 0n, 1n)).rejects.toBeInstanceOf(LeaseExpired);
    await expect(memory.fetchAdd(0, 1n)).rejects.toBeInstanceOf(LeaseExpired);
    await expect(held.renew()).rejects.toBeInstanceOf(LeaseExpired);
    expect(() => held.claimClientSlots(1)).toThrow(LeaseExpired);
    expect(held.status).toBe('expired');
    expect(lease.window.arena[0]).toBe(0);
  });
});

describe('the end at a holder', () => {
  test.each(['expired', 'revoked', 'released', 'fenced'] as const)('%s at home is %s here, once', async (status) => {
    const { world, lease, held } = await heldScene();
    const ends: string[] = [];
    held.onEnd((end) => ends.push(end));
    lease.end(status);
    await world.clock.advance(100_000);
    expect([held.status, ends]).toEqual([status, [status]]);
    expect(held.window.arena).toHaveLength(0);
  });

  test('by release gives back what it held, and no more', async () => {
    const { world, lease, held, holder } = await servedScene();
    expect(lease.freeSlotCount).toBe(0);
    await world.clock.run(held.release());
    expect([held.status, lease.status, lease.freeSlotCount]).toEqual(['released', 'active', 1]);
    await world.clock.run(held.release());
    expect(holder.agent.metrics.leasesActive).toBe(0);
    expect(() => held.check()).toThrow(Revoked);
  });

  test('by the death of its home is disconnected, at once', async () => {
    const { world, home, held } = await heldScene();
    home.kill();
    await world.clock.settle();
    expect(held.status).toBe('disconnected');
    expect(() => held.check()).toThrow(Disconnected);
    expect(held.window.arena).toHaveLength(0);
  });

  test('and its release while the home does not answer is not waited for longer than a request takes', async () => {
    const { world, home, held } = await heldScene();
    home.freeze();
    await world.clock.run(held.release(), controlRequestMs);
    expect(held.status).toBe('released');
  });
});

describe('renewal by a holder', () => {
  test('moves the home’s deadline, and everybody’s', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 60_000 });
    const other = await world.clock.run(world.process().agent.attach(lease.id, { slots: 0 }));
    await world.clock.run(held.renew(600_000));
    await world.clock.settle();
    expect(lease.remainingMs).toBe(600_000);
    for (const end of [held, other]) {
      expect(end.remainingMs).toBeGreaterThan(599_000);
      expect(end.remainingMs).toBeLessThan(600_000);
    }
    expect(other.leaseMs).toBe(60_000);
  });

  test('never brings the deadline nearer, nor makes the home renew oftener', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 60_000 });
    lease.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
    await world.clock.run(held.renew(10));
    expect(lease.remainingMs).toBeGreaterThan(59_000);
    expect(lease.leaseMs).toBe(60_000);
    await world.clock.run(held.renew(120_000));
    await world.clock.advance(110_000);
    expect(lease.remainingMs).toBeGreaterThan(10_001); // The home has renewed once, for its own time.
    expect(lease.remainingMs).toBeLessThan(60_001);
    expect(lease.context.metrics.leasesRenewed).toBe(2);
  });

  test('repeats the time of the grant', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 60_000 });
    await world.clock.advance(50_000);
    await world.clock.run(held.renew());
    expect(lease.remainingMs).toBe(60_000);
  });

  test('of another generation is refused as Revoked', async () => {
    const { world, lease, held } = await heldScene();
    // The home has granted these bytes anew since.
    Object.defineProperty(lease, 'generation', { value: 2 });
    await expect(world.clock.run(held.renew())).rejects.toMatchObject({
      code: 'Revoked',
      message: expect.stringMatching(/generation 1 .* 2 is granted/),
    });
  });

  test('while the home has just expired ends in LeaseExpired or Revoked, and hurts nobody', async () => {
    const { world, home, lease, held } = await heldScene({ leaseMs: 1000 });
    const other = granted();
    // The request arrives in a home that was stopped past the deadline, before its own timer has run.
    const renewed = outcome(held.renew());
    home.freeze();
    await world.clock.advance(1001);
    home.thaw();
    const result = await world.clock.run(renewed);
    await world.clock.advance(10_000);
    expect(result.status === 'fulfilled' || ['LeaseExpired', 'Revoked'].includes(result.reason.code)).toBe(true);
    expect([lease.status, held.status]).toEqual(['expired', 'expired']);
    expect(other.lease.status).toBe('active');
  });

  test('for a time that no lease lasts is refused before it is asked for', async () => {
    const { held } = await heldScene();
    for (const leaseMs of [0, 9, Number.NaN, 1e12]) await expect(held.renew(leaseMs)).rejects.toThrow(RangeError);
    expect(held.status).toBe('active');
  });
});

test('a holder can not revoke, nor claim a slot that it did not ask for', async () => {
  const { held } = await heldScene();
  await expect(held.revoke()).rejects.toBeInstanceOf(Unsupported);
  expect(() => held.claimClientSlots(1)).toThrow(Unsupported);
});

test('a slot is claimed once', async () => {
  const { held } = await servedScene();
  expect(held.claimClientSlots(1)).toMatchObject({ first: 0, session: 0 });
  expect(() => held.claimClientSlots(1)).toThrow('has a client already');
});
