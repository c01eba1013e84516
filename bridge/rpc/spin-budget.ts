// How long to spin before sleeping. Spinning finds an answer within nanoseconds and burns a core; sleeping is free and
// costs a wake-up of tens of microseconds. The budget follows what spinning lately brought: all of it after a hit,
// half as much after each miss, but never less than a quarter: two processes that both sleep at every call may share a
// core beside an idle one, and only what keeps running is moved by the kernel.

/** How a client or server waits: never sleep; spin, then sleep; sleep at once. */
export type WaitMode = 'busy' | 'adaptive' | 'event';

/** Looks at a slot before the first look at the clock: some microseconds, in which a busy server answers. */
export const firstLoads = 512;
/** Looks at a slot between two looks at the clock. */
export const loadsPerLook = 256;
/** The most that one call spins, milliseconds: about what a wake-up costs. */
export const callSpinMsMax = 0.05;
/** A client that slept and was answered sooner than this had better spin next time: most of it was waking up. */
export const worthSpinningMs: number = 4 * callSpinMsMax;
/** How long an idle server goes on looking, milliseconds: some wake-ups' worth, so that a client that slept finds it. */
export const idleSpinMsMax = 0.2;
/** A server that slept and was rung sooner than this had better look on next time. */
export const worthLookingMs: number = 2 * idleSpinMsMax;

export class SpinBudget {
  readonly #mode: WaitMode;
  readonly #msMax: number;
  #ms: number;

  /** `msMax`: the most that one wait may spin, milliseconds. */
  constructor(mode: WaitMode, msMax: number) {
    this.#mode = mode;
    this.#msMax = msMax;
    this.#ms = msMax;
  }

  /** Milliseconds to spin for now; Infinity if it is never right to sleep. */
  get ms(): number {
    switch (this.#mode) {
      case 'busy':
        return Number.POSITIVE_INFINITY;
      case 'event':
        return 0;
      case 'adaptive':
        return this.#ms;
    }
  }

  /** Whether it is ever right to sleep. */
  get sleeps(): boolean {
    return this.#mode !== 'busy';
  }

  /** What was waited for came while spinning, or soon enough that spinning would have found it. */
  hit(): void {
    this.#ms = this.#msMax;
  }

  /** The spin ended with nothing. */
  miss(): void {
    this.#ms = Math.max(this.#ms / 2, this.#msMax / 4);
  }
}
