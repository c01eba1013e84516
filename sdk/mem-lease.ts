// What a program holds of a lease. Dropping it gives the lease back, as in grafOS: by release(), by `await using`, or
// at the latest when it is collected.
import type { Agent, Lease, LeaseId, LeaseMemory, LeaseStatus, PlaneName, RevokeOutcome } from '#bridge';
import { leaseUrl } from '#bridge';

const forgotten = new FinalizationRegistry<Lease>((lease) => {
  void lease.release();
});
const cores = new WeakMap<MemLease, Lease>();

/** The lease behind a MemLease. Not for users: what it offers beyond MemLease is for this package. */
export function coreOf(lease: MemLease): Lease {
  const core = cores.get(lease);
  if (core === undefined) throw new TypeError('expected a MemLease, as MemBuilder and FabricDns give them');
  return core;
}

/** A lease on memory: at its home if this process acquired it, as a holder if it attached. */
export class MemLease implements AsyncDisposable {
  readonly #core: Lease;
  readonly #agent: Agent;

  constructor(core: Lease, agent: Agent) {
    this.#core = core;
    this.#agent = agent;
    cores.set(this, core);
    forgotten.register(this, core, this);
  }

  /** 32 hexadecimal digits; with {@link MemBuilder.attach} another process binds to the lease by it. */
  get id(): LeaseId {
    return this.#core.id;
  }

  /** The lease as a URL, which attach takes too. It names its home's address on the network, if that has one. */
  get url(): string {
    return leaseUrl(this.#core.id, this.#agent.networkAddressOf(this.#core));
  }

  /** Counts how often these bytes were granted; a reference to an earlier generation is refused. */
  get generation(): number {
    return this.#core.generation;
  }

  /** How the bytes reach this process. */
  get plane(): PlaneName {
    return this.#core.plane;
  }

  get status(): LeaseStatus {
    return this.#core.status;
  }

  /** Bytes of the arena. */
  get size(): number {
    return this.#core.arenaBytes;
  }

  /**
   * Milliseconds until the lease expires here; 0 once it has ended. A holder's time is a little shorter than its home's,
   * so that it stops first. Counted by the monotonic clock: a changed wall clock changes nothing.
   */
  get remainingMs(): number {
    return this.#core.remainingMs;
  }

  /** When the lease expires here, by the wall clock as it stands now: to be shown, not to be relied on. */
  get expiresAt(): Date {
    return new Date(Date.now() + this.#core.remainingMs);
  }

  /** The bytes themselves. */
  mem(): LeaseMemory {
    return this.#core.memory;
  }

  /**
   * Moves the deadline to `leaseSecs` (0.01 … 2,592,000) from now, by default as long as the lease was granted for. Only its home
   * can bring it nearer.
   * Rejects with the lease's error once it has ended.
   */
  async renew(leaseSecs?: number): Promise<void> {
    await this.#core.renew(leaseSecs === undefined ? undefined : leaseSecs * 1000);
  }

  /** Gives the lease back. At its home it ends for every holder; a holder gives back only what it holds. */
  async release(): Promise<void> {
    forgotten.unregister(this);
    await this.#core.release();
  }

  /**
   * Takes the lease away from every holder: their next operation fails with Revoked. `torn-down` means that nothing can
   * reach the bytes any more. Rejects with Unsupported at a holder.
   */
  revoke(): Promise<RevokeOutcome> {
    return this.#core.revoke();
  }

  /** Calls back once when the lease ends, however it does. Returns how to unsubscribe. */
  onEnd(listener: (status: LeaseStatus) => void): () => void {
    return this.#core.onEnd(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
