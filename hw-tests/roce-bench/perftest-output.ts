// What perftest prints, read. Of the latency programs that is with -H: every sample in ascending order, then a table.

import { type Figures, QUANTILES } from '../bench/report.ts';
import { ascending, percentile, resolvedQuantiles } from '../bench/statistics.ts';

/** Times as the program gives them: of ib_write_lat half a round trip, of ib_read_lat a whole one. */
export interface PerftestLatency {
  readonly bytes: number;
  readonly iterations: number;
  readonly typicalNs: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly averageNs: number;
  /** Ascending. The program leaves out the greatest two or three. */
  readonly samplesNs: readonly number[];
}

export interface PerftestBandwidth {
  readonly bytes: number;
  readonly iterations: number;
  readonly bytesPerSecond: number;
}

/** Perftest's MB/sec are of 2^20 bytes. */
const MEGABYTE_BYTES = 1 << 20;

const SAMPLE = /^\s*\d+,\s*([\d.]+)\s*$/gm;
const LATENCY_COLUMNS = [
  '#bytes',
  '#iterations',
  't_min[usec]',
  't_max[usec]',
  't_typical[usec]',
  't_avg[usec]',
  't_stdev[usec]',
  '99% percentile[usec]',
  '99.9% percentile[usec]',
] as const;
const BANDWIDTH_COLUMNS = ['#bytes', '#iterations', 'BW peak[MB/sec]', 'BW average[MB/sec]', 'MsgRate[Mpps]'] as const;

/** Throws an Error that holds the output if there is no table in it. */
export function parseLatency(output: string): PerftestLatency {
  const [bytes = 0, iterations = 0, , , typical = 0, average = 0, , p99 = 0, p999 = 0] = row(output, LATENCY_COLUMNS);
  return {
    bytes,
    iterations,
    typicalNs: nanoseconds(typical),
    p99Ns: nanoseconds(p99),
    p999Ns: nanoseconds(p999),
    averageNs: nanoseconds(average),
    samplesNs: [...output.matchAll(SAMPLE)].map(([, microseconds]) => nanoseconds(Number(microseconds))),
  };
}

/** Throws an Error that holds the output if there is no table in it. */
export function parseBandwidth(output: string): PerftestBandwidth {
  const [bytes = 0, iterations = 0, , average = 0] = row(output, BANDWIDTH_COLUMNS);
  return { bytes, iterations, bytesPerSecond: Math.round(average * MEGABYTE_BYTES) };
}

/** Figures of round trips: `factor` is 2 for a program that gives half of one. */
export function latencyFigures(latency: PerftestLatency, factor: 1 | 2): Figures {
  const samples = ascending(latency.samplesNs.map((ns) => ns * factor));
  return {
    p50Ns: latency.typicalNs * factor,
    p99Ns: latency.p99Ns * factor,
    p999Ns: latency.p999Ns * factor,
    perSecond: 1e9 / (latency.averageNs * factor),
    distribution: resolvedQuantiles(QUANTILES, samples.length).map((each) => [each, percentile(samples, each)]),
  };
}

/** The numbers of the last table's row. With -H its head comes twice, and a row only after the second. */
function row(output: string, columns: readonly string[]): readonly number[] {
  const lines = output.split('\n').map((line) => line.trim());
  const head = columns.join(' ');
  const at = lines.findLastIndex((line) => line.replaceAll(/\s+/g, ' ') === head);
  const numbers = at < 0 ? [] : (lines[at + 1] ?? '').split(/\s+/).map(Number);
  if (numbers.length === columns.length && numbers.every(Number.isFinite)) return numbers;
  throw new Error(`perftest printed no table of ${head}:\n${output.trim()}`);
}

function nanoseconds(microseconds: number): number {
  return Math.round(microseconds * 1000);
}
