import { describe, expect, test } from 'vitest';
import { BATCH_CALLS } from './meter.ts';
import { figureSpread, idleFigures, medianFigures, visitFigures } from './report.ts';

const thousand = Array.from({ length: 1000 }, (_, index) => 1000 - index);

describe('visitFigures', () => {
  const order = { bytes: 64, batches: 3, singles: 1000, untimed: 500 };

  test('p50 is of the batches, per call; the tail is of the single calls', () => {
    const batchNs = [10, 20, 30].map((ns) => ns * BATCH_CALLS);
    const figures = visitFigures(order, { batchNs, singleNs: thousand, untimedNs: 1e6 });
    expect(figures).toMatchObject({ p50Ns: 20, p99Ns: 990, p999Ns: 999, perSecond: 500_000 });
  });

  test('without batches p50 is of the single calls', () => {
    expect(visitFigures(order, { batchNs: [], singleNs: thousand, untimedNs: 1 }).p50Ns).toBe(500);
  });

  test('the distribution rises and stops where the samples do', () => {
    const { distribution } = visitFigures(order, { batchNs: [], singleNs: thousand, untimedNs: 1 });
    expect(distribution[0]).toEqual([0, 1]);
    expect(distribution.at(-1)).toEqual([0.999, 999]);
  });
});

describe('over visits', () => {
  const visits = [30, 10, 20].map((ns) => idleFigures([ns]));

  test('a figure is the median, its spread the range', () => {
    expect(medianFigures(visits)).toMatchObject({ p50Ns: 20, p99Ns: 20, distribution: [[1, 20]] });
    expect(figureSpread(visits).p50Ns).toEqual({ min: 10, max: 30 });
  });
});

test('idle figures: calls per second are one over the mean', () => {
  expect(idleFigures([1e6, 3e6])).toMatchObject({ p50Ns: 1e6, p99Ns: 3e6, perSecond: 500 });
});
