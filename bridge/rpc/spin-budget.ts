// How long to spin before sleeping. Spinning finds an answer within nanoseconds and burns a core; sleeping is free and
// costs a wake-up of tens of microseconds. The budget follows what spinning lately brought: all of it after a hit,
// half as much after each miss, but never less than a quarter: two processes that both sleep at every call may share a
// core beside an idle one, and only what keeps running is moved by the kernel.

/** How a client or server waits: never sleep; spin, then sleep; sleep at once. */
export type WaitMode = 'busy' | 'adaptive' | 'event';

/** A client that slept and was answered within so many spins had better spin next time: most of it was waking up. */
export const worthSpins = 4;
/** A server that slept and was rung within so many spins had better look on next time. */
export const worthLooks = 2;

export class SpinBudget {
  readonly #mode: WaitMode;
  readonly #port: { readonly spinMsMax: number };
  #ms: number;

  /** `port` says what one wait may spin at most. */
  constructor(mode: WaitMode, port: { readonly spinMsMax: number }) {
    this.#mode = mode;
    this.#port = port;
    this.#ms = port.spinMsMax;
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
    this.#ms = this.#port.spinMsMax;
  }

  /** The spin ended with nothing. */
  miss(): void {
    this.#ms = Math.max(this.#ms / 2, this.#port.spinMsMax / 4);
  }
}
