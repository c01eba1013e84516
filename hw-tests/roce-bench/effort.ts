// How much is measured at a visit: as many calls as fit a time, since an emulated card is a thousand times slower than one.
import type { RoundOrder } from '../bench/meter.ts';
import { type BenchName, isBandwidth } from './names.ts';

export interface Effort {
  readonly visitMs: number;
  readonly warmMs: number;
  readonly latencyCalls: Bounds;
  readonly bulkWrites: Bounds;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** From 100 calls on, p99 is not the slowest. */
export const fullEffort: Effort = {
  visitMs: 700,
  warmMs: 500,
  latencyCalls: { min: 100, max: 5000 },
  bulkWrites: { min: 16, max: 5000 },
};

export const quickEffort: Effort = {
  visitMs: 140,
  warmMs: 100,
  latencyCalls: { min: 20, max: 1000 },
  bulkWrites: { min: 8, max: 1000 },
};

export function callsOf(effort: Effort, name: BenchName, nsPerCall: number): number {
  const { min, max } = isBandwidth(name) ? effort.bulkWrites : effort.latencyCalls;
  return Math.min(max, Math.max(min, Math.round((effort.visitMs * 1e6) / nsPerCall)));
}

/** Only of bulk writes is the rate of interest. */
export function orderOf(effort: Effort, name: BenchName, bytes: number, nsPerCall: number): RoundOrder {
  const calls = callsOf(effort, name, nsPerCall);
  return { bytes, batches: 0, singles: calls, untimed: isBandwidth(name) ? calls : 0 };
}
