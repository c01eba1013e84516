// How much the bench measures: counts and times, for a full run and for a quick look.
import type { RoundOrder } from './meter.ts';

/** Below this, one clock read (25 to 60 ns) is more than half a per cent of a call: time batches as well. */
export const FAST_CALL_NS_MAX = 10_000;

/** The payload of the first call after idleness. */
export const IDLE_BYTES = 64;

/** The idleness before that call. */
export const IDLE_WAIT_MS = 1000;

type CallCounts = Omit<RoundOrder, 'bytes'>;

/**
 * Visits a round to a contender whose calls are fast. Which physical cores a virtual machine's cores run on changes
 * whenever they sleep, and with it the round trip of spinning processes, threefold and more: many short visits see
 * all of it.
 */
export const FAST_VISITS = 4;

export interface Effort {
  /** Before a contender's first visit at a size, and before each later one. */
  readonly firstWarmMs: number;
  readonly warmMs: number;
  readonly fast: CallCounts;
  readonly slow: CallCounts;
  /** First calls after idleness, over all rounds. */
  readonly idleSamplesMin: number;
  readonly idleCpuMs: number;
}

export const fullEffort: Effort = {
  firstWarmMs: 600,
  warmMs: 100,
  fast: { batches: 1000, singles: 15_000, untimed: 10_000 },
  slow: { batches: 0, singles: 2500, untimed: 1000 },
  idleSamplesMin: 25,
  idleCpuMs: 10_000,
};

export const quickEffort: Effort = {
  firstWarmMs: 60,
  warmMs: 20,
  fast: { batches: 50, singles: 1000, untimed: 500 },
  slow: { batches: 0, singles: 200, untimed: 100 },
  idleSamplesMin: 2,
  idleCpuMs: 1000,
};
