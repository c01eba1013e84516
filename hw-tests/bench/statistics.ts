// Order statistics of latency samples. Nothing here knows what was measured.

export interface Spread {
  readonly min: number;
  readonly max: number;
}

/** Samples in ascending order, as a copy. */
export function ascending(samples: Iterable<number>): Float64Array {
  return Float64Array.from(samples).sort();
}

/** The nearest-rank percentile: the least sample that at least `quantile` (0 to 1) of all samples do not exceed. */
export function percentile(sorted: ArrayLike<number>, quantile: number): number {
  // The subtrahend undoes rounding: 0.07 * 100 is 7.000000000000001, of which the rank is 7.
  const rank = Math.max(1, Math.ceil(quantile * sorted.length - 1e-9));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError(`no percentile ${quantile} of ${sorted.length} samples`);
  return value;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: Iterable<number>): number {
  const sorted = ascending(values);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no median of no values');
  return (lower + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no spread of no values');
  return { min: Math.min(...values), max: Math.max(...values) };
}

/** The quantiles of `wanted` that `count` samples resolve: those with at least one sample above them. */
export function resolvedQuantiles(wanted: readonly number[], count: number): readonly number[] {
  return wanted.filter((quantile) => count * (1 - quantile) >= 1 - 1e-9);
}
