// How a lease stands. The byte is what the control page carries; a byte that we do not know counts as revoked, so
// that a holder fails closed.
import { Disconnected, type FabricError, Fenced, LeaseExpired, Revoked } from '../errors.ts';
import type { LeaseId } from './lease-id.ts';

export const leaseStatusBytes = {
  active: 0,
  expired: 1,
  revoked: 2,
  released: 3,
  fenced: 4,
} as const;

/** Why a lease ended, as its home says it. */
export type EndReason = Exclude<keyof typeof leaseStatusBytes, 'active'>;
/** `disconnected` is a holder's own finding: its home is gone or out of reach. */
export type LeaseStatus = keyof typeof leaseStatusBytes | 'disconnected';
export type EndedStatus = Exclude<LeaseStatus, 'active'>;

const statusOfByte = Object.entries(leaseStatusBytes) as [EndReason | 'active', number][];

export function leaseStatusOfByte(byte: number): EndReason | 'active' {
  return statusOfByte.find(([, value]) => value === byte)?.[0] ?? 'revoked';
}

/** What an operation on a lease that ended fails with. */
export function endedError(status: EndedStatus, lease: LeaseId, mayHaveExecuted: boolean): FabricError {
  const options = { mayHaveExecuted };
  switch (status) {
    case 'expired':
      return new LeaseExpired(`lease ${lease} has expired`, options);
    case 'revoked':
      return new Revoked(`lease ${lease} was revoked`, options);
    case 'released':
      return new Revoked(`lease ${lease} was released`, options);
    case 'fenced':
      return new Fenced(`lease ${lease} is fenced: its tear-down could not be confirmed`, options);
    case 'disconnected':
      return new Disconnected(`the home of lease ${lease} is gone`, options);
  }
}
