import { describe, expect, test } from 'vitest';
import { BATCH_CALLS } from './meter.ts';
import { figureSpread, idleFigures, medianFigures, ratioOf, roundFigures } from './report.ts';

const thousand = Array.from({ length: 1000 }, (_, index) => 1000 - index);

describe('roundFigures', () => {
  const order = { bytes: 64, batches: 3, singles: 1000, untimed: 500 };

  test('p50 is of the batches, per call; the tail is of the single calls', () => {
    const batchNs = [10, 20, 30].map((ns) => ns * BATCH_CALLS);
    const figures = roundFigures(order, { batchNs, singleNs: thousand, untimedNs: 1e6 });
    expect(figures).toMatchObject({ p50Ns: 20, p99Ns: 990, p999Ns: 999, perSecond: 500_000 });
  });

  test('without batches p50 is of the single calls', () => {
    expect(roundFigures(order, { batchNs: [], singleNs: thousand, untimedNs: 1 }).p50Ns).toBe(500);
  });

  test('the distribution rises and stops where the samples do', () => {
    const { distribution } = roundFigures(order, { batchNs: [], singleNs: thousand, untimedNs: 1 });
    expect(distribution[0]).toEqual([0, 1]);
    expect(distribution.at(-1)).toEqual([0.999, 999]);
  });
});

describe('over rounds', () => {
  const rounds = [30, 10, 20].map((ns) => idleFigures([ns]));

  test('a figure is the median, its spread the range', () => {
    expect(medianFigures(rounds)).toMatchObject({ p50Ns: 20, p99Ns: 20, distribution: [[1, 20]] });
    expect(figureSpread(rounds).p50Ns).toEqual({ min: 10, max: 30 });
  });

  test('a ratio is the median of the ratios of each round', () => {
    const pairs = [
      [200, 100],
      [900, 300],
      [400, 100],
    ] as const;
    expect(ratioOf('a', 'b', 64, pairs)).toEqual({
      name: 'a',
      over: 'b',
      bytes: 64,
      ratio: 3,
      spread: { min: 2, max: 4 },
    });
  });
});

test('idle figures: calls per second are one over the mean', () => {
  expect(idleFigures([1e6, 3e6])).toMatchObject({ p50Ns: 1e6, p99Ns: 3e6, perSecond: 500 });
});
