import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaseMsMax, leaseMsMin } from '../limits.ts';
import {
  holderMarginMs,
  defaultRenewalPolicy as policy,
  renewalBackoffMs,
  renewalDelayMs,
  seededDraws,
} from './renewal.ts';

const leaseMs = fc.double({ min: leaseMsMin, max: leaseMsMax, noNaN: true });
const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a renewal', () => {
  test('comes in time: a tenth of the lease’s time is left', () => {
    fc.assert(
      fc.property(leaseMs, draw, (lease, drawn) => {
        const delayMs = renewalDelayMs(lease, policy, drawn);
        expect(delayMs).toBeGreaterThan(0);
        expect(delayMs).toBeLessThanOrEqual(lease * 0.9);
      }),
    );
  });

  test('comes at three quarters, give or take a tenth, where 30 s have passed by then', () => {
    fc.assert(
      fc.property(leaseMs, draw, (lease, drawn) => {
        const delayMs = renewalDelayMs(lease, policy, drawn);
        if (delayMs === policy.delayMsMin) return;
        expect(delayMs).toBeGreaterThanOrEqual(lease * 0.75 * 0.9 * (1 - 1e-12));
        expect(delayMs).toBeLessThanOrEqual(lease * 0.75 * 1.1 * (1 + 1e-12));
      }),
    );
  });

  test('never comes before 30 s, but for a lease too short to wait so long', () => {
    fc.assert(
      fc.property(leaseMs, draw, (lease, drawn) => {
        if (lease * 0.9 < policy.delayMsMin) return;
        expect(renewalDelayMs(lease, policy, drawn)).toBeGreaterThanOrEqual(policy.delayMsMin);
      }),
    );
  });

  test('is spread by the draw, from one end to the other', () => {
    expect(renewalDelayMs(300_000, policy, 0)).toBeCloseTo(202_500);
    expect(renewalDelayMs(300_000, policy, 0.5)).toBeCloseTo(225_000);
    expect(renewalDelayMs(300_000, policy, 1 - 2 ** -32)).toBeCloseTo(247_500);
    expect(renewalDelayMs(300_000, { ...policy, jitter: 0 }, 0.1)).toBe(225_000);
  });
});

test('failures are retried after 100 ms, doubled each time, at most 5 s', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 100, 10_000].map((failures) => renewalBackoffMs(failures, policy));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
});

test('the holder’s margin is a millisecond and a thousandth, and grows with what remains', () => {
  expect(holderMarginMs(0)).toBe(1);
  expect(holderMarginMs(300_000)).toBe(301);
  fc.assert(
    fc.property(leaseMs, leaseMs, (a, b) => {
      expect(holderMarginMs(Math.max(a, b))).toBeGreaterThanOrEqual(holderMarginMs(Math.min(a, b)));
    }),
  );
});

describe('seeded draws', () => {
  const seed = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));

  test('are the same for the same lease, and lie in [0, 1)', () => {
    fc.assert(
      fc.property(seed, (hex) => {
        const one = seededDraws(hex);
        const two = seededDraws(hex);
        for (let i = 0; i < 20; i++) {
          const drawn = one();
          expect(drawn).toBe(two());
          expect(drawn >= 0 && drawn < 1).toBe(true);
        }
      }),
    );
  });

  test('differ between leases that were granted together', () => {
    const firsts = Array.from({ length: 100 }, (_, i) => seededDraws(i.toString(16).padStart(32, '0'))());
    expect(new Set(firsts).size).toBe(100);
    expect(Math.min(...firsts)).toBeLessThan(0.1);
    expect(Math.max(...firsts)).toBeGreaterThan(0.9);
  });
});
