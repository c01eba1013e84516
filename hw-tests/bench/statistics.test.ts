import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascending, median, percentile, resolvedQuantiles, spread } from './statistics.ts';

const hundred = ascending(Array.from({ length: 100 }, (_, index) => 100 - index));
const samples = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 });

describe('percentile', () => {
  test.each([
    [0, 1],
    [0.01, 1],
    [0.07, 7],
    [0.5, 50],
    [0.501, 51],
    [0.99, 99],
    [0.999, 100],
    [1, 100],
  ])('%d of 1 to 100 is %d', (quantile, expected) => {
    expect(percentile(hundred, quantile)).toBe(expected);
  });

  test('of one sample is that sample', () => {
    expect(percentile([42], 0.5)).toBe(42);
    expect(percentile([42], 0.999)).toBe(42);
  });

  test('of no samples is refused', () => {
    expect(() => percentile([], 0.5)).toThrow(/no percentile 0.5 of 0 samples/);
  });

  test('is a sample, with its share of the samples at or below it', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, quantile) => {
        const sorted = ascending(values);
        const value = percentile(sorted, quantile);
        expect(values).toContain(value);
        const atOrBelow = sorted.filter((sample) => sample <= value).length;
        expect(atOrBelow).toBeGreaterThanOrEqual(quantile * values.length - 1e-9);
      }),
    );
  });

  test('never falls as the quantile rises', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const sorted = ascending(values);
        const curve = [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1].map((quantile) => percentile(sorted, quantile));
        expect(curve).toEqual([...curve].sort((a, b) => a - b));
      }),
    );
  });
});

describe('ascending', () => {
  test('sorts by number and leaves its input', () => {
    const input = [10, 9, 1];
    expect([...ascending(input)]).toEqual([1, 9, 10]);
    expect(input).toEqual([10, 9, 1]);
  });
});

describe('median', () => {
  test('is the middle of an odd count, the mean of the middle two of an even one', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('of nothing is refused', () => {
    expect(() => median([])).toThrow(/no median/);
  });
});

describe('spread', () => {
  test('is the least and the greatest', () => {
    expect(spread([3, 1, 2])).toEqual({ min: 1, max: 3 });
    expect(() => spread([])).toThrow(/no spread/);
  });
});

describe('resolvedQuantiles', () => {
  test('keeps those with a sample above them', () => {
    expect(resolvedQuantiles([0.5, 0.99, 0.999, 0.9999], 1000)).toEqual([0.5, 0.99, 0.999]);
    expect(resolvedQuantiles([0.5, 0.99], 10)).toEqual([0.5]);
  });
});
