// What a client process is asked and answers, and the parts that the synchronous and the awaited loops share.
// The method is the same in floor.c: see its `round_of`.

/** Calls per batch: one clock read is spread over them. */
export const BATCH_CALLS = 16;

/** Verified calls before a round is timed: they wake a sleeping server. */
export const LEAD_IN_CALLS = 32;

/** Warming up is timed in so many slices. */
export const WARM_SLICES = 8;

const CLOCK_READS = 50_000;
const CLOCK_TRIALS = 8;

export interface RoundOrder {
  readonly bytes: number;
  /** Batches of BATCH_CALLS calls, timed as one. */
  readonly batches: number;
  /** Calls timed one by one, one clock read between any two. */
  readonly singles: number;
  /** Calls run through with no clock read but at both ends. */
  readonly untimed: number;
}

export interface RoundSamples {
  /** One number for each batch: nanoseconds of all its calls. */
  readonly batchNs: readonly number[];
  readonly singleNs: readonly number[];
  readonly untimedNs: number;
}

export interface Meter {
  /** Calls for about `durationMs`; nanoseconds a call took in the best slice. */
  warm(bytes: number, durationMs: number): Promise<number>;
  round(order: RoundOrder): Promise<RoundSamples>;
  /** Nanoseconds of one call. */
  idle(bytes: number): Promise<number>;
}

/** Nanoseconds a clock read costs: the least of some trials, so that the JIT has compiled it. */
export function clockReadNs(): number {
  return Math.min(...Array.from({ length: CLOCK_TRIALS }, meanClockReadNs));
}

function meanClockReadNs(): number {
  const start = performance.now();
  let last = start;
  for (let index = 0; index < CLOCK_READS; index++) last = performance.now();
  return ((last - start) * 1e6) / CLOCK_READS;
}

export function nanoseconds(durationMs: number): number {
  return Math.round(durationMs * 1e6);
}

/** Written once in full: no page fault inside the timed loops. */
export function touchedArray(length: number): Float64Array {
  return new Float64Array(length).fill(1);
}

export function differences(stampsMs: Float64Array): readonly number[] {
  const steps: number[] = [];
  let last = stampsMs[0] ?? 0;
  for (const stamp of stampsMs.subarray(1)) {
    steps.push(nanoseconds(stamp - last));
    last = stamp;
  }
  return steps;
}

/** Bytes that differ with `seed`: an echo of the call before is no echo. */
export function patternOf(bytes: number, seed: number): Uint8Array {
  const pattern = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) pattern[index] = index * 31 + seed;
  return pattern;
}

export function checkLength(payload: Uint8Array, reply: Uint8Array): void {
  if (reply.length !== payload.length) {
    throw new Error(`an echo of ${reply.length} B came back for ${payload.length} B`);
  }
}

export function checkReply(payload: Uint8Array, reply: Uint8Array): void {
  checkLength(payload, reply);
  if (Buffer.compare(payload, reply) !== 0) throw new Error(`the ${payload.length} B echoed differ from those sent`);
}
