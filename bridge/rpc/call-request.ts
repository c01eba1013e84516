// A call as its caller wants it, and what its fate may be when the lease ends.
import { HomeLease } from '../lease/home-lease.ts';
import type { Lease } from '../lease/lease.ts';
import type { InPlaceReader } from './loan.ts';

/** One call, as its caller wants it. */
export interface CallRequest {
  readonly methodId: number;
  readonly payload: Uint8Array;
  /** Milliseconds from now; Infinity for none. */
  readonly deadlineMs: number;
  /** Whether it may run twice. */
  readonly idempotent: boolean;
  readonly signal: AbortSignal | undefined;
  readonly reader: InPlaceReader<unknown> | undefined;
}

/**
 * Whether the home of a lease that has ended here knows so. A request that is not taken yet certainly never will be only if
 * its home has ended the lease, or is gone. Where this side has ended it, by its own clock or by a release, the server may
 * still come by.
 */
export function hasEndedAtHome(lease: Lease): boolean {
  const { status, generation, window } = lease;
  const isHome = lease instanceof HomeLease;
  return isHome || status === 'disconnected' || window.control.readStatus(generation) !== 'active';
}
