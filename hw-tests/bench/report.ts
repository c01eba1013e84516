// What the bench found, from samples to the report that table, JSON and HTML show.

import type { Disturbance } from './disturbance.ts';
import type { Machine } from './machine.ts';
import { BATCH_CALLS, type RoundOrder, type RoundSamples } from './meter.ts';
import { ascending, median, percentile, resolvedQuantiles, type Spread, spread } from './statistics.ts';

/** The quantiles of the distribution plot. */
export const QUANTILES = [
  0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999,
] as const;

const FIGURES = ['p50Ns', 'p99Ns', 'p999Ns', 'perSecond'] as const;

type Figure = (typeof FIGURES)[number];

export interface Figures extends Readonly<Record<Figure, number>> {
  /** Pairs of quantile and nanoseconds, of the singly timed calls. */
  readonly distribution: readonly (readonly [number, number])[];
}

/** Figures are medians over the visits; `spread` is their range over the visits. */
export interface Result extends Figures {
  /** A contender's name, with `-idle` for its first call after idleness. */
  readonly name: string;
  readonly bytes: number;
  /** What p50Ns comes from: batches of 16 calls, or calls timed one by one. */
  readonly p50From: 'batches' | 'singles';
  /** Singly timed calls over all visits. */
  readonly samples: number;
  readonly spread: Readonly<Record<Figure, Spread>>;
}

/** p50 of `name` over p50 of `over`. */
export interface Ratio {
  readonly name: string;
  readonly over: string;
  readonly bytes: number;
  /** Of the medians over the visits. */
  readonly ratio: number;
  /** Of the best visits: steadier where a virtual machine's cores wander. */
  readonly ratioOfBest: number;
}

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly method: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly disturbance: Disturbance;
  /** Nanoseconds of one clock read, in each contender's client. */
  readonly clockReadNs: Readonly<Record<string, number>>;
  readonly results: readonly Result[];
  readonly ratios: readonly Ratio[];
  /** CPU of leasewire's idle client and server together, per cent of a core; null without leasewire. */
  readonly idleCpuPercent: number | null;
  readonly notes: readonly string[];
  readonly skipped: readonly Skipped[];
}

export function visitFigures(order: RoundOrder, samples: RoundSamples): Figures {
  const singles = ascending(samples.singleNs);
  const batches = samples.batchNs.map((batchNs) => batchNs / BATCH_CALLS);
  return {
    p50Ns: percentile(batches.length > 0 ? ascending(batches) : singles, 0.5),
    p99Ns: percentile(singles, 0.99),
    p999Ns: percentile(singles, 0.999),
    perSecond: (order.untimed * 1e9) / samples.untimedNs,
    distribution: distributionOf(singles),
  };
}

/** Figures of first calls after idleness. `perSecond` is one over their mean: the idle time does not count. */
export function idleFigures(samplesNs: readonly number[]): Figures {
  const sorted = ascending(samplesNs);
  return {
    p50Ns: percentile(sorted, 0.5),
    p99Ns: percentile(sorted, 0.99),
    p999Ns: percentile(sorted, 0.999),
    perSecond: (samplesNs.length * 1e9) / samplesNs.reduce((sum, sample) => sum + sample, 0),
    distribution: Array.from(sorted, (sample, index) => [(index + 1) / sorted.length, sample] as const),
  };
}

export function medianFigures(visits: readonly Figures[]): Figures {
  const quantiles = visits[0]?.distribution.map(([quantile]) => quantile) ?? [];
  return {
    ...eachFigure((figure) => median(visits.map((visit) => visit[figure]))),
    distribution: quantiles.map((quantile, index) => [
      quantile,
      median(visits.map((visit) => visit.distribution[index]?.[1] ?? Number.NaN)),
    ]),
  };
}

export function figureSpread(visits: readonly Figures[]): Readonly<Record<Figure, Spread>> {
  return eachFigure((figure) => spread(visits.map((visit) => visit[figure])));
}

export function ratioOf(numerator: Result, denominator: Result): Ratio {
  return {
    name: numerator.name,
    over: denominator.name,
    bytes: numerator.bytes,
    ratio: numerator.p50Ns / denominator.p50Ns,
    ratioOfBest: numerator.spread.p50Ns.min / denominator.spread.p50Ns.min,
  };
}

function eachFigure<T>(of: (figure: Figure) => T): Readonly<Record<Figure, T>> {
  return { p50Ns: of('p50Ns'), p99Ns: of('p99Ns'), p999Ns: of('p999Ns'), perSecond: of('perSecond') };
}

function distributionOf(singles: Float64Array): Figures['distribution'] {
  return resolvedQuantiles(QUANTILES, singles.length).map((quantile) => [quantile, percentile(singles, quantile)]);
}
