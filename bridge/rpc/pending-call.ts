// A call that could not be answered at once: waiting for its turn, or for its response.
import type { Clock, Timer } from '../environment.ts';

export class PendingCall {
  readonly methodId: number;
  readonly payload: Uint8Array;
  readonly deadlineMs: number;
  readonly promise: Promise<Uint8Array>;
  /** The caller has gone; the response, when it comes, is to be dropped. */
  abandoned = false;
  /** When the request was posted, by the monotonic clock. */
  postedAtMs = 0;
  #resolve: (payload: Uint8Array) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #timer: Timer | undefined;

  /** `deadlineMs`: when to call `onDeadline`, by `clock`. */
  constructor(call: { methodId: number; payload: Uint8Array; deadlineMs: number }) {
    this.methodId = call.methodId;
    this.payload = call.payload;
    this.deadlineMs = call.deadlineMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  startTimer(clock: Clock, onDeadline: () => void): void {
    this.#timer = clock.after(Math.max(0, this.deadlineMs - clock.nowMs()), onDeadline);
  }

  resolve(payload: Uint8Array): void {
    this.#timer?.cancel();
    this.#resolve(payload);
  }

  reject(error: unknown): void {
    this.#timer?.cancel();
    this.#reject(error);
  }
}
