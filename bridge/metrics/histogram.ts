// A log-linear histogram in plain memory: eight buckets to each power of two, so a value is known to within an eighth.
// A bucket ends with its upper bound, so that powers of two, as payloads often are, are known exactly, and counted as
// Prometheus counts. Recording is a few integer instructions and no allocation.
//
//     value      0 … 8   9 … 16  17 … 32  33 … 64   …
//     width          1        1        2        4   …
//     buckets    0 … 7   8 … 15  16 … 23  24 … 31   …

const subBits = 3;
const subBuckets: number = 2 ** subBits;
const exponentMax = 45;
const bucketCount: number = (exponentMax - subBits + 2) * subBuckets;
const int32Bits = 31;

export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sum = 0;

  /** Counts `value` (0 … 2^45, larger ones count as that) `weight` times. */
  record(value: number, weight: number): void {
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] as number) + weight;
    this.#count += weight;
    this.#sum += value * weight;
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The value below or at which a share of `quantile` (0 … 1) of what was recorded lies; 0 if nothing was. */
  quantile(quantile: number): number {
    const wanted = quantile * this.#count;
    let seen = 0;
    for (let index = 0; index < bucketCount; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted && seen > 0) return bucketUpperBound(index);
    }
    return 0;
  }

  /** How much was recorded at or below each of the powers of two 2^`from` … 2^`to`: a Prometheus histogram. */
  cumulative(from: number, to: number): { upTo: number; count: number }[] {
    const rows: { upTo: number; count: number }[] = [];
    let seen = 0;
    let index = 0;
    for (let exponent = from; exponent <= to; exponent++) {
      const upTo = 2 ** exponent;
      for (; index < bucketCount && bucketUpperBound(index) <= upTo; index++) seen += this.#counts[index] as number;
      rows.push({ upTo, count: seen });
    }
    return rows;
  }
}

function bucketOf(value: number): number {
  if (value <= subBuckets) return value > 0 ? Math.ceil(value) - 1 : 0;
  if (value < 2 ** int32Bits) return bucketOfInt(Math.ceil(value) - 1, 0);
  const clamped = Math.min(Math.ceil(value), 2 ** exponentMax) - 1;
  return bucketOfInt((clamped / 2 ** subBuckets / 2 ** subBuckets) | 0, 2 * subBuckets);
}

/** The bucket of what lies above `value << shift`, by less than the bucket is wide. */
function bucketOfInt(value: number, shift: number): number {
  const exponent = int32Bits - Math.clz32(value);
  const sub = (value >>> (exponent - subBits)) & (subBuckets - 1);
  return (exponent + shift - subBits + 1) * subBuckets + sub;
}

/** The largest value that lies in the bucket. */
function bucketUpperBound(index: number): number {
  if (index < subBuckets) return index + 1;
  const exponent = Math.floor(index / subBuckets) + subBits - 1;
  return (subBuckets + (index % subBuckets) + 1) * 2 ** (exponent - subBits);
}
