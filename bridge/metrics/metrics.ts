// What one environment (a process, or a worker thread) counts. Plain fields that the hot paths bump; nobody reads
// them until somebody scrapes (sdk/metrics.ts).
import { Histogram } from './histogram.ts';

/** Calls that are answered at once are timed one in this many, and count for as many: a clock read costs as much as a call. */
export const latencySampleEvery = 64;

export class Metrics {
  clientRequests = 0;
  clientResponses = 0;
  clientErrors = 0;
  serverRequests = 0;
  serverResponses = 0;
  serverErrors = 0;
  malformedFrames = 0;
  leasesAcquired = 0;
  leasesAttached = 0;
  leasesRenewed = 0;
  leasesExpired = 0;
  leasesRevoked = 0;
  leasesReleased = 0;
  /** Times that the way to a lease's home was lost, and found again. */
  leasesInterrupted = 0;
  leasesResumed = 0;
  /** Leases this environment is home to or holds now. */
  leasesActive = 0;
  /** From before the request was written until its response was taken, nanoseconds. */
  readonly callLatencyNs: Histogram = new Histogram();
  readonly requestBytes: Histogram = new Histogram();
  readonly responseBytes: Histogram = new Histogram();
}
