// Counts one client's calls. A clock read costs a third of a call that is answered at once, so of those one in 64 is
// timed, and counts for all 64; a call that had to wait is always timed.
import type { Clock } from '../environment.ts';
import { MalformedFrame } from '../errors.ts';
import { latencySampleEvery, type Metrics } from '../metrics/metrics.ts';
import { RemoteError } from '../remote-error.ts';

const nsPerMs = 1e6;
/** What a call counts for that start() has chosen to time. */
export const sampleWeight: number = latencySampleEvery;

export class CallMeter {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  #untimed = 0;

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Before a request is posted: the time, if this call is one that is timed whatever comes; otherwise 0. */
  start(): number {
    if (this.#untimed > 0) {
      this.#untimed -= 1;
      return 0;
    }
    this.#untimed = latencySampleEvery - 1;
    return this.#clock.nowMs();
  }

  posted(): void {
    this.#metrics.clientRequests += 1;
  }

  /** A call was answered: one that began at `startedMs`, and counts for `weight`; 0 if it is not timed. */
  answered(startedMs: number, weight: number, requestBytes: number, responseBytes: number): void {
    this.#metrics.clientResponses += 1;
    if (startedMs === 0) return;
    this.#metrics.callLatencyNs.record((this.#clock.nowMs() - startedMs) * nsPerMs, weight);
    this.#metrics.requestBytes.record(requestBytes, weight);
    this.#metrics.responseBytes.record(responseBytes, weight);
  }

  /** A stream is over; if it failed, with `failure`. */
  streamed(failure: Error | undefined): void {
    if (failure === undefined) this.#metrics.clientResponses += 1;
    else if (failure instanceof RemoteError || failure instanceof MalformedFrame) this.failed(failure);
  }

  /** A response was an error: the handler's, or no response at all. */
  failed(error: unknown): void {
    if (error instanceof RemoteError) this.#metrics.clientErrors += 1;
    else this.#metrics.malformedFrames += 1;
  }
}
