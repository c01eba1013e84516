// Time and chance are handed in, so that a simulator can own them. Nothing else in bridge or sdk may read a clock,
// start a timer or draw a random number.
import { randomFillSync } from 'node:crypto';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic time in milliseconds, with fractions. Its zero means nothing. */
  nowMs(): number;
  /** Calls back once after `delayMs` (0 or more, no upper bound), never sooner. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back after pending input and output had their turn. Keeps the process alive. */
  nextTurn(callback: () => void): void;
}

export interface Random {
  /** `bytes` unpredictable bytes. */
  bytes(bytes: number): Uint8Array;
  /** Uniform in [0, 1). */
  unit(): number;
}

export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
}

/** setTimeout's own bound: longer delays fire at once. */
const setTimeoutMsMax = 2 ** 31 - 1;

/** setTimeout knows whole milliseconds only, may be early by one, and has a bound: it is asked again until time is up. */
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #callback: () => void;
  #handle: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void) {
    this.#dueMs = performance.now() + delayMs;
    this.#callback = callback;
    this.#arm(delayMs);
  }

  #arm(leftMs: number): void {
    this.#handle = setTimeout(() => this.#fire(), Math.min(stepMs(leftMs), setTimeoutMsMax));
    this.#handle.unref();
  }

  #fire(): void {
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#callback();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/**
 * Node keeps a list for every delay that was asked for, until it has passed, cancelled or not: a lease of a day would leave
 * one behind for a day. So long delays are taken in steps of few different lengths.
 */
function stepMs(leftMs: number): number {
  if (leftMs < 1000) return Math.ceil(leftMs);
  const grainMs = 2 ** (Math.floor(Math.log2(leftMs)) - 2);
  return Math.floor(leftMs / grainMs) * grainMs;
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => new SystemTimer(delayMs, callback),
  nextTurn: (callback) => {
    setImmediate(callback);
  },
};

const systemRandom: Random = {
  bytes: (bytes) => randomFillSync(new Uint8Array(bytes)),
  unit: () => Math.random(),
};

/** The real clock and the operating system's randomness. */
export const systemEnvironment: Environment = { clock: systemClock, random: systemRandom };
