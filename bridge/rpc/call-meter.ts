// Counts one client's calls. A clock read costs a third of a call that is answered at once, so of those one in 64 is
// timed, and counts for all 64; a call that had to wait is always timed.
import type { Clock } from '../environment.ts';
import { latencySampleEvery, type Metrics } from '../metrics/metrics.ts';
import { RemoteError } from '../remote-error.ts';

const nsPerMs = 1e6;

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

  /** A call was answered at once; `startedMs` is what start() gave. */
  answeredAtOnce(startedMs: number, requestBytes: number, responseBytes: number): void {
    this.#metrics.clientResponses += 1;
    if (startedMs !== 0) this.#record(startedMs, requestBytes, responseBytes, latencySampleEvery);
  }

  /** A call was answered after a wait that began, give or take a microsecond, when it was posted. */
  answeredLater(postedAtMs: number, requestBytes: number, responseBytes: number): void {
    this.#metrics.clientResponses += 1;
    this.#record(postedAtMs, requestBytes, responseBytes, 1);
  }

  /** A response was an error: the handler's, or no response at all. */
  failed(error: unknown): void {
    if (error instanceof RemoteError) this.#metrics.clientErrors += 1;
    else this.#metrics.malformedFrames += 1;
  }

  #record(startedMs: number, requestBytes: number, responseBytes: number, weight: number): void {
    this.#metrics.callLatencyNs.record((this.#clock.nowMs() - startedMs) * nsPerMs, weight);
    this.#metrics.requestBytes.record(requestBytes, weight);
    this.#metrics.responseBytes.record(responseBytes, weight);
  }
}
