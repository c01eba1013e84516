import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpinBudget } from './spin-budget.ts';

const outcomes = fc.array(fc.constantFrom('hit', 'miss'));

function after(mode: 'busy' | 'adaptive' | 'event', outcomes: readonly string[]): number {
  const budget = new SpinBudget(mode, { spinMsMax: 0.05 });
  for (const outcome of outcomes) outcome === 'hit' ? budget.hit() : budget.miss();
  return budget.ms;
}

test('busy never sleeps, event never spins, whatever that brings', () => {
  fc.assert(
    fc.property(outcomes, (seen) => {
      expect(after('busy', seen)).toBe(Number.POSITIVE_INFINITY);
      expect(after('event', seen)).toBe(0);
    }),
  );
});

test('adaptive starts with the whole budget, and stays within it', () => {
  expect(after('adaptive', [])).toBe(0.05);
  fc.assert(
    fc.property(outcomes, (seen) => {
      const ms = after('adaptive', seen);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(0.05);
    }),
  );
});

test('adaptive spends half as much after each miss, but never less than a quarter', () => {
  fc.assert(
    fc.property(outcomes, (seen) => {
      expect(after('adaptive', [...seen, 'miss'])).toBe(Math.max(after('adaptive', seen) / 2, 0.0125));
    }),
  );
});

test('adaptive has the whole budget again after a hit, however long it missed', () => {
  fc.assert(
    fc.property(outcomes, (seen) => {
      expect(after('adaptive', [...seen, 'hit'])).toBe(0.05);
    }),
  );
  expect(after('adaptive', [...new Array(5000).fill('miss'), 'hit'])).toBe(0.05);
});
