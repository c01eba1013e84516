// Acquires leases, and attaches to those that others have acquired.
import { checkSlotCount, defaultRenewalPolicy, parseLeaseReference, type RenewalPolicy } from '#bridge';
import { fabricHere } from './fabric.ts';
import { MemLease } from './mem-lease.ts';

export interface AttachOptions {
  /**
   * How many client slots to take where the lease has any, 0 … 1024: so many calls can be under way at a time. With 0 only
   * mem() can be used. Defaults to 1.
   */
  readonly slots?: number;
  /** Keep the lease alive from here: see {@link MemBuilder.autoRenew}. */
  readonly autoRenew?: boolean;
}

/**
 * Describes a lease, then acquires it:
 *
 *     const lease = await new MemBuilder().minBytes(65536).leaseSecs(300).acquire();
 */
export class MemBuilder {
  #minBytes = 65536;
  #leaseMs = 300_000;
  #hugePages = false;
  #renewal: RenewalPolicy | undefined;

  /** At least so many bytes, 1 … 4 GiB - 2 MiB; 65536 unless said. The arena is rounded up to whole pages. */
  minBytes(bytes: number): this {
    this.#minBytes = bytes;
    return this;
  }

  /** For so many seconds, 0.01 … 2,592,000 (30 days); 300 unless said. */
  leaseSecs(seconds: number): this {
    this.#leaseMs = seconds * 1000;
    return this;
  }

  /** On huge pages of 2 MiB, which the machine must have set aside. */
  hugePages(wanted = true): this {
    this.#hugePages = wanted;
    return this;
  }

  /**
   * Renews the lease until it is released: at three quarters of its time, give or take a tenth, and not before 30 s have
   * passed, unless the lease is too short for that. A renewal that fails is tried again after 0.1 s, doubled to at most 5 s.
   */
  autoRenew(policy: Partial<RenewalPolicy> = {}): this {
    this.#renewal = { ...defaultRenewalPolicy, ...policy };
    return this;
  }

  /**
   * Rejects with RangeError for a size or time out of bounds, CapacityExceeded when the machine has no more memory,
   * huge pages or descriptors, IoError when the run-time directory cannot be used or `LEASEWIRE_LISTEN` not be listened
   * at, and Unsupported where that would be a plain connection to other machines.
   */
  async acquire(): Promise<MemLease> {
    const request = { minBytes: this.#minBytes, leaseMs: this.#leaseMs, hugePages: this.#hugePages };
    const agent = await fabricHere().homeAgent();
    const core = agent.acquire(request);
    if (this.#renewal !== undefined) core.renewAutomatically(this.#renewal);
    return new MemLease(core, agent);
  }

  /**
   * Binds this process to a lease, by its id or URL. Rejects with TypeError for what is neither, Disconnected if its
   * home is gone, Revoked if it has ended, Contention if its one slot is taken, CapacityExceeded if it has several, but not so
   * many free, and Unsupported if its home is on another machine that no plane reaches.
   */
  static async attach(reference: string, options: AttachOptions = {}): Promise<MemLease> {
    const { lease, address } = parseLeaseReference(reference);
    const agent = fabricHere().agent();
    const core = await agent.attach(lease, { slots: checkSlots(options.slots) }, address);
    if (options.autoRenew) core.renewAutomatically(defaultRenewalPolicy);
    return new MemLease(core, agent);
  }
}

/** Throws RangeError for slots that no client can have. */
export function checkSlots(slots = 1): number {
  return slots === 0 ? 0 : checkSlotCount(slots);
}
