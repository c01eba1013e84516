import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

const values = fc.array(
  fc.oneof(
    fc.nat(20),
    fc.nat(),
    fc.maxSafeNat().map((value) => value % 2 ** 44),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  ),
  { minLength: 1 },
);

function histogramOf(recorded: readonly number[], weight = 1): Histogram {
  const histogram = new Histogram();
  for (const value of recorded) histogram.record(value, weight);
  return histogram;
}

describe('quantile', () => {
  test('is the value that it should be, or up to an eighth above it (by one, below eight)', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (recorded, quantile) => {
        const sorted = [...recorded].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] as number;
        const found = histogramOf(recorded).quantile(quantile);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(Math.max(exact * (1 + 1 / 8), exact + 1));
      }),
    );
  });

  test('of powers of two is exact, as payloads so often are', () => {
    for (let exponent = 0; exponent < 45; exponent++) {
      expect(histogramOf([2 ** exponent]).quantile(0.5)).toBe(2 ** exponent);
    }
  });

  test('rises with its argument, up to the largest value', () => {
    fc.assert(
      fc.property(values, (recorded) => {
        const histogram = histogramOf(recorded);
        const quantiles = [0, 0.25, 0.5, 0.75, 0.99, 1].map((quantile) => histogram.quantile(quantile));
        expect(quantiles).toEqual([...quantiles].sort((a, b) => a - b));
        expect(quantiles.at(-1)).toBeGreaterThanOrEqual(Math.max(...recorded));
      }),
    );
  });

  test('of nothing is 0', () => {
    expect(new Histogram().quantile(0.99)).toBe(0);
  });

  test('counts what is too large as the largest', () => {
    expect(histogramOf([2 ** 60]).quantile(1)).toBe(2 ** 45);
    expect(histogramOf([Number.POSITIVE_INFINITY]).quantile(1)).toBe(2 ** 45);
  });
});

test('count and sum are those of what was recorded, by weight', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 64 }), (recorded, weight) => {
      const histogram = histogramOf(recorded, weight);
      expect(histogram.count).toBe(recorded.length * weight);
      expect(histogram.sum).toBe(recorded.reduce((sum, value) => sum + value, 0) * weight);
    }),
  );
});

describe('cumulative', () => {
  test('counts what lies at or below each power of two, which is how Prometheus counts', () => {
    fc.assert(
      fc.property(values, fc.nat(20), fc.nat(25), (recorded, from, more) => {
        const rows = histogramOf(recorded, 3).cumulative(from, from + more);
        expect(rows.map(({ upTo }) => upTo)).toEqual(
          Array.from({ length: more + 1 }, (_, index) => 2 ** (from + index)),
        );
        for (const { upTo, count } of rows) {
          expect(count).toBe(3 * recorded.filter((value) => value <= upTo).length);
        }
      }),
    );
  });
});
