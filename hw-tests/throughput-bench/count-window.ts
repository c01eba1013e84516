// Counts what is done while load is on: from the end of a ramp, for a time, and the load is kept up for as long as the
// ramp after it. The clock is read at every so many counts, and by whoever calls `look`.
import type { WindowEffort } from './effort.ts';

/** A clock read takes as long as some calls do. */
const COUNTS_PER_LOOK = 16;

export interface WindowCount {
  readonly count: number;
  readonly elapsedMs: number;
}

export class CountWindow {
  readonly #effort: WindowEffort;
  readonly #countMin: number;
  #startMs = Number.POSITIVE_INFINITY;
  #count = 0;
  #untilLook = COUNTS_PER_LOOK;
  #from: WindowCount | undefined;
  #to: WindowCount | undefined;
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
      if (nowMs - this.#startMs >= rampMs) this.#from = { count: this.#count, elapsedMs: nowMs };
    } else if (this.#to === undefined) {
      if (this.#isFull(this.#from, nowMs)) this.#to = { count: this.#count, elapsedMs: nowMs };
    } else if (nowMs - this.#to.elapsedMs >= rampMs) {
      this.#isOver = true;
    }
  }

  /** What the window counted; up to now, if the load ended first. Throws if it ended within the ramp. */
  result(nowMs: number): WindowCount {
    const to = this.#to ?? { count: this.#count, elapsedMs: nowMs };
    if (this.#from === undefined) throw new Error(`the load ended within its ramp of ${this.#effort.rampMs} ms`);
    return { count: to.count - this.#from.count, elapsedMs: to.elapsedMs - this.#from.elapsedMs };
  }

  #isFull(from: WindowCount, nowMs: number): boolean {
    const openMs = nowMs - from.elapsedMs;
    const { windowMs, windowMsMax } = this.#effort;
    return openMs >= windowMsMax || (openMs >= windowMs && this.#count - from.count >= this.#countMin);
  }
}
