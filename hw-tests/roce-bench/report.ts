// What the bench over RDMA found, from figures to the report that table, JSON and HTML show.
import type { Machine } from '../bench/machine.ts';
import type { Result, Skipped } from '../bench/report.ts';
import { median, type Spread, spread } from '../bench/statistics.ts';
import { type BenchName, benchNames, isBenchName } from './names.ts';
import type { NodeAccelerator } from './node-machine.ts';
import { BULK_BYTES, referenceOf } from './sizes.ts';

export interface RoceResult {
  readonly name: BenchName;
  readonly bytes: number;
  /** Of round trips; null where only a rate was measured. */
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  /** Null where only times were measured. */
  readonly bytesPerSecond: number | null;
  /** The ranges over the rounds. */
  readonly p50NsSpread: Spread | null;
  readonly p99NsSpread: Spread | null;
  readonly bytesPerSecondSpread: Spread | null;
  /** Calls timed one by one, over all rounds. */
  readonly samples: number;
}

/** p50 of `name` over p50 of `over`; of rates where `over` is a rate. */
export interface RoceRatio {
  readonly name: BenchName;
  readonly bytes: number;
  readonly over: BenchName;
  readonly ratio: number;
}

interface Found {
  /** Where the bench ran, which under tcg emulates the nodes. */
  readonly machine: Machine;
  readonly node: Machine;
  readonly accelerator: NodeAccelerator;
  readonly method: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly notes: readonly string[];
  readonly skipped: readonly Skipped[];
  /** With their distributions. */
  readonly latencies: readonly Result[];
}

export interface RoceReport extends Found {
  readonly results: readonly RoceResult[];
  readonly ratios: readonly RoceRatio[];
}

/** By size, then in the order of the names. `rates` has one for each round. */
export function makeReport(found: Found & { readonly rates: ReadonlyMap<BenchName, readonly number[]> }): RoceReport {
  const { rates, ...rest } = found;
  const timed = found.latencies.map((latency) => timedResult(latency, rates));
  const onlyRates = [...rates].filter(([name]) => !timed.some((result) => result.name === name)).map(rateResult);
  const results = [...timed, ...onlyRates].toSorted(
    (a, b) => a.bytes - b.bytes || benchNames.indexOf(a.name) - benchNames.indexOf(b.name),
  );
  return { ...rest, results, ratios: ratiosOf(results) };
}

export function ratiosOf(results: readonly RoceResult[]): readonly RoceRatio[] {
  return results.flatMap((result) => {
    const reference = referenceOf(result.name, result.bytes);
    const over = results.find(({ name, bytes }) => name === reference?.name && bytes === reference.bytes);
    const ratio = over === undefined ? undefined : ratioOf(result, over);
    return over === undefined || ratio === undefined
      ? []
      : [{ name: result.name, bytes: result.bytes, over: over.name, ratio }];
  });
}

function ratioOf(result: RoceResult, over: RoceResult): number | undefined {
  if (result.bytesPerSecond !== null && over.bytesPerSecond !== null)
    return result.bytesPerSecond / over.bytesPerSecond;
  return result.p50Ns !== null && over.p50Ns !== null ? result.p50Ns / over.p50Ns : undefined;
}

function timedResult(latency: Result, rates: ReadonlyMap<BenchName, readonly number[]>): RoceResult {
  const { name, bytes, p50Ns, p99Ns, samples } = latency;
  if (!isBenchName(name)) throw new Error(`'${name}' is none of the bench's names`);
  const { p50Ns: p50NsSpread, p99Ns: p99NsSpread } = latency.spread;
  return { name, bytes, p50Ns, p99Ns, ...rateOf(rates.get(name)), p50NsSpread, p99NsSpread, samples };
}

function rateResult([name, rates]: readonly [BenchName, readonly number[]]): RoceResult {
  const none = { p50Ns: null, p99Ns: null, p50NsSpread: null, p99NsSpread: null, samples: 0 };
  return { name, bytes: BULK_BYTES, ...none, ...rateOf(rates) };
}

function rateOf(rates: readonly number[] | undefined): Pick<RoceResult, 'bytesPerSecond' | 'bytesPerSecondSpread'> {
  if (rates === undefined) return { bytesPerSecond: null, bytesPerSecondSpread: null };
  return { bytesPerSecond: median(rates), bytesPerSecondSpread: spread(rates) };
}
