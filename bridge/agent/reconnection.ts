// Finds the way back to a home that was lost: connects anew, again and again, until every lease that was interrupted is
// attached once more, or has ended: with its time at the latest, and before that if others have got its place. Then who
// uses it had better look for another.
import type { Environment } from '../environment.ts';
import { type Disconnected, FabricError } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import type { EndedStatus } from '../lease/lease-status.ts';
import { noRoomMs, reconnectMs, reconnectMsMax } from '../limits.ts';
import type { HomeConnection } from './home-connection.ts';

export class Reconnection {
  readonly #waiting: Set<HeldLease>;
  readonly #connect: () => Promise<HomeConnection>;
  readonly #environment: Environment;
  /** Since when each was refused for want of room, and for nothing else. */
  readonly #refusedSince = new Map<HeldLease, number>();

  /** `connect` gives a connection to the very agent that was lost, or rejects with Disconnected. */
  constructor(leases: readonly HeldLease[], connect: () => Promise<HomeConnection>, environment: Environment) {
    this.#waiting = new Set(leases);
    this.#connect = connect;
    this.#environment = environment;
  }

  /** Resolves when nothing is left to bring back. A lease that is lost once more is somebody else's to bring back. */
  async run(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await Promise.all([...this.#waiting].map((lease) => this.#resume(lease)));
      if (this.#waiting.size === 0) return;
      await this.#pause(attempt);
    }
  }

  /** Ends what is still interrupted. */
  close(): void {
    for (const lease of this.#waiting) lease.end('disconnected');
  }

  async #resume(lease: HeldLease): Promise<void> {
    if (lease.status === 'active' && !(await this.#tried(lease))) return;
    this.#waiting.delete(lease);
  }

  /** Whether this lease has come back, or never will. */
  async #tried(lease: HeldLease): Promise<boolean> {
    try {
      const home = await this.#connect();
      await home.resume(lease);
      return true;
    } catch (error) {
      const status = this.#endBy(lease, FabricError.from(error));
      if (status !== undefined) lease.end(status);
      return status !== undefined;
    }
  }

  #endBy(lease: HeldLease, error: FabricError): EndedStatus | undefined {
    const nowMs = this.#environment.clock.nowMs();
    if (!isWantOfRoom(error)) {
      this.#refusedSince.delete(lease);
      return endBy(error);
    }
    const sinceMs = this.#refusedSince.get(lease) ?? nowMs;
    this.#refusedSince.set(lease, sinceMs);
    return nowMs - sinceMs < noRoomMs ? undefined : 'disconnected';
  }

  /** Twice as long each time, and never the same for all who lost the same home. */
  #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#environment;
    const delayMs = Math.min(reconnectMs * 2 ** attempt, reconnectMsMax) * (0.5 + random.unit() / 2);
    return new Promise((resolve) => {
      clock.after(delayMs, resolve);
    });
  }
}

/** How a lease ends whose home refused it, though not for want of room; undefined where it may be asked once more. */
function endBy(error: FabricError): EndedStatus | undefined {
  switch (error.code) {
    case 'Revoked':
      return 'revoked';
    case 'LeaseExpired':
      return 'expired';
    case 'Fenced':
      return 'fenced';
    case 'Disconnected':
      return (error as Disconnected).final ? 'disconnected' : undefined;
    case 'DeadlineExceeded':
    case 'IoError':
      return undefined;
    default:
      return 'disconnected';
  }
}

/** Other clients were quicker to take the slots, and may go. */
function isWantOfRoom({ code }: FabricError): boolean {
  return code === 'Contention' || code === 'CapacityExceeded';
}
