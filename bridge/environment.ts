// Time and chance are handed in, so that a simulator can own them. Nothing else in bridge or sdk may read a clock,
// start a timer or draw a random number.
import { randomFillSync } from 'node:crypto';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic time in milliseconds, with fractions. Its zero means nothing. */
  nowMs(): number;
  /** Calls back once after `delayMs` (0 or more, no upper bound). Does not keep the process alive. */
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

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void) {
    this.#arm(delayMs, callback);
  }

  #arm(delayMs: number, callback: () => void): void {
    const step = Math.min(delayMs, setTimeoutMsMax);
    const fire = () => (delayMs > step ? this.#arm(delayMs - step, callback) : callback());
    this.#handle = setTimeout(fire, step);
    this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
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
