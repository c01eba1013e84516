// Counts what is done while load is on: from the end of a ramp, for a time, and the load is kept up for as long as the
// ramp after it. The clock is read at every so many counts, and by whoever calls `look`.
import type { WindowEffort } from './effort.ts';

/** A clock read takes as long as some calls do. */
const COUNTS_PER_LOOK = 16;

interface Mark {
  readonly count: number;
  readonly atMs: number;
}

export interface WindowCount {
  readonly count: number;
  readonly elapsedMs: number;
  /** False where the load ended before the window did. */
  readonly isWhole: boolean;
}

export class CountWindow {
  readonly #effort: WindowEffort;
  readonly #countMin: number;
  #startMs = Number.POSITIVE_INFINITY;
  #count = 0;
  #untilLook = COUNTS_PER_LOOK;
  #from: Mark | undefined;
  #to: Mark | undefined;
  #isOver = false;

  /** The window is kept open until it has counted `countMin`, but no longer than windowMsMax. */
  constructor(effort: WindowEffort, countMin: number) {
    this.#effort = effort;
    this.#countMin = countMin;
  }

  /** Whether the load may end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The ramp begins. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
  }

  count(): void {
    this.#count++;
    if (--this.#untilLook > 0) return;
    this.#untilLook = COUNTS_PER_LOOK;
    this.look(performance.now());
  }

  look(nowMs: number): void {
    const { rampMs } = this.#effort;
    if (this.#from === undefined) {
      if (nowMs - this.#startMs >= rampMs) this.#from = { count: this.#count, atMs: nowMs };
    } else if (this.#to === undefined) {
      if (this.#isFull(this.#from, nowMs)) this.#to = { count: this.#count, atMs: nowMs };
    } else if (nowMs - this.#to.atMs >= rampMs) {
      this.#isOver = true;
    }
  }

  /** What the window counted; up to now if the load ended first, and from the start if it ended within the ramp. */
  result(nowMs: number): WindowCount {
    const from = this.#from ?? { count: 0, atMs: this.#startMs };
    const to = this.#to ?? { count: this.#count, atMs: nowMs };
    return { count: to.count - from.count, elapsedMs: to.atMs - from.atMs, isWhole: this.#to !== undefined };
  }

  #isFull(from: Mark, nowMs: number): boolean {
    const openMs = nowMs - from.atMs;
    const { windowMs, windowMsMax } = this.#effort;
    return openMs >= windowMsMax || (openMs >= windowMs && this.#count - from.count >= this.#countMin);
  }
}
