// A lease as it truly stands: its home's own object, looked at from outside of time.
import type { Agent, SlotRange } from '#bridge';
import type { Process } from '../process.ts';
import type { Node } from './node.ts';

export type HomeLease = ReturnType<Agent['acquire']>;
export type HeldLease = Awaited<ReturnType<Agent['attach']>>;

/** Those of one client, which is one session. */
export type ClientSlots = SlotRange & { readonly session: number };

export class Granted {
  readonly lease: HomeLease;
  readonly process: Process;
  readonly node: Node;
  /** Under which it is to be found, if it is. */
  service: string | undefined;
  readonly #timeMs: () => number;
  #endedAtMs = Number.POSITIVE_INFINITY;
  #furthestDeadlineMs: number;
  /** The last session that was given each slot. */
  readonly #sessions: number[] = [];

  constructor(lease: HomeLease, process: Process, node: Node, timeMs: () => number) {
    this.lease = lease;
    this.process = process;
    this.node = node;
    this.#timeMs = timeMs;
    this.#furthestDeadlineMs = lease.deadlineMs;
    this.#noteRenewals();
    this.#noteClients();
    lease.onEnd(() => this.endNow());
  }

  /**
   * The furthest deadline that any holder can have been told, by the home's clock: the home may shorten a lease, which
   * it enforces, and of which holders learn later.
   */
  get furthestDeadlineMs(): number {
    return this.#furthestDeadlineMs;
  }

  /** Until then, by the timeline; negative once it has passed. */
  get leftMs(): number {
    return (this.#furthestDeadlineMs - this.process.clock.timeMs) / this.node.rate;
  }

  #noteRenewals(): void {
    const { lease } = this;
    for (const verb of ['renewNow', 'extend'] as const) {
      const renew = lease[verb].bind(lease);
      lease[verb] = (leaseMs) => {
        renew(leaseMs);
        this.#furthestDeadlineMs = Math.max(this.#furthestDeadlineMs, lease.deadlineMs);
      };
    }
  }

  #noteClients(): void {
    const { lease } = this;
    const assign = lease.assignSlots.bind(lease);
    lease.assignSlots = (wanted) => {
      const slots = assign(wanted);
      this.#sessions.length = Math.max(this.#sessions.length, slots.first + slots.count);
      this.#sessions.fill(slots.session, slots.first, slots.first + slots.count);
      return slots;
    };
  }

  /** Whether some of a client's slots are given to another since. */
  hasGivenAway({ first, count, session }: ClientSlots): boolean {
    return this.#sessions.slice(first, first + count).some((last) => last !== session);
  }

  /** Its home has ended it, or is dead. */
  endNow(): void {
    this.#endedAtMs = Math.min(this.#endedAtMs, this.#timeMs());
  }

  /** When its home ended it, or died, by the timeline; Infinity if neither. */
  get endedAtMs(): number {
    return this.#endedAtMs;
  }

  /** By what its home has decided, and by its clock: whether the home lives does not matter. */
  get isOver(): boolean {
    return this.lease.status !== 'active' || this.process.clock.timeMs >= this.lease.deadlineMs;
  }

  /** As isOver, but by its home's clock as that began with what it does now: it cannot look at it all the time. */
  get wasOver(): boolean {
    return this.lease.status !== 'active' || this.node.turnFromMs >= this.lease.deadlineMs;
  }
}
