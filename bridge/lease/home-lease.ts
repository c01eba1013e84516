// A lease at its home: owns the memory, keeps the deadline that counts, and knows who holds it and which slot is whose.

import { sessionMax } from '../control/messages.ts';
import { CapacityExceeded, Contention, Unsupported } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Grant, HomeLink, HomeMemory, ServerPort } from '../plane/plane.ts';
import type { SlotLayout } from './control-page.ts';
import { type ClientSlot, checkLeaseMs, Lease, type LeaseContext, type RevokeOutcome } from './lease.ts';
import type { LeaseId } from './lease-id.ts';
import type { EndedStatus, EndReason } from './lease-status.ts';

/** Who holds a lease elsewhere, as the home sees it. */
export interface Holder {
  /** The lease's deadline moved. */
  leaseRenewed(lease: HomeLease): void;
  /**
   * The lease ended; this is the last that the holder hears of it. True once it can reach the bytes no more, false if
   * that could not be confirmed.
   */
  leaseEnded(lease: HomeLease, reason: EndReason): boolean;
}

/** What the server wants to hear about its slots. */
export interface SlotEvents {
  /** The slot's client is gone. Its bytes are wiped once this returns. */
  slotFreed(slot: number): void;
}

export interface HomeGrant {
  readonly id: LeaseId;
  readonly memory: HomeMemory;
  readonly leaseMs: number;
  /** Called when the lease has ended, so that it can be forgotten. */
  readonly onEnded: () => void;
}

interface Server {
  readonly port: ServerPort;
  readonly layout: SlotLayout;
  readonly events: SlotEvents;
  /** Sessions by slot; undefined where the slot is free. */
  readonly sessions: (number | undefined)[];
}

export class HomeLease extends Lease {
  readonly #memory: HomeMemory;
  readonly #holders = new Set<Holder>();
  readonly #onEnded: () => void;
  #server: Server | undefined;
  /** Whether some holder may still reach the bytes, although it should not. */
  #fenced = false;
  #nextSession = 0;

  constructor(grant: HomeGrant, context: LeaseContext) {
    const generation = 1;
    const { memory, leaseMs } = grant;
    const deadlineMs = context.environment.clock.nowMs() + leaseMs;
    super({ id: grant.id, generation, window: memory.window, deadlineMs, leaseMs }, context);
    this.#memory = memory;
    this.#onEnded = grant.onEnded;
    this.window.control.initialise({ lease: this.id, generation, arenaBytes: this.arenaBytes });
    this.setDeadline(deadlineMs, leaseMs);
  }

  get layout(): SlotLayout {
    return this.#server?.layout ?? { name: 'none', slotCount: 0, slotStride: 0 };
  }

  get freeSlots(): number {
    return this.#server?.sessions.filter((session) => session === undefined).length ?? 0;
  }

  override async renew(leaseMs: number = this.leaseMs): Promise<void> {
    this.renewNow(leaseMs);
  }

  /** The home's own clock decides, so this cannot fail but for a lease that has ended, or a RangeError. */
  renewNow(leaseMs: number): void {
    checkLeaseMs(leaseMs);
    this.checkDeadline();
    this.setDeadline(this.context.environment.clock.nowMs() + leaseMs, leaseMs);
    this.context.metrics.leasesRenewed += 1;
    for (const holder of this.#holders) holder.leaseRenewed(this);
  }

  override async release(): Promise<void> {
    this.end('released');
  }

  /**
   * Either way nobody is granted these bytes again: on this machine the memory is orphaned at once, and what a network
   * card could still write to stays pinned to where it was.
   */
  override async revoke(): Promise<RevokeOutcome> {
    this.end('revoked');
    return this.#fenced ? 'fenced' : 'torn-down';
  }

  /** Opens the lease's server, and with it its slots. Throws Contention if it has one. */
  openServer(layout: SlotLayout, events: SlotEvents): ServerPort {
    this.checkDeadline();
    if (this.#server !== undefined) throw new Contention(`lease ${this.id} has a server already`);
    const port = this.#memory.openServerPort();
    this.#server = { port, layout, events, sessions: new Array(layout.slotCount).fill(undefined) };
    this.window.control.setLayout(layout);
    return port;
  }

  /** The session that holds the slot now. */
  sessionOf(slot: number): number | undefined {
    return this.#server?.sessions[slot];
  }

  /** Assigns a free slot. Throws Contention if there is none. */
  assignSlot(): { index: number; session: number } {
    const sessions = this.#server?.sessions;
    const index = sessions?.indexOf(undefined) ?? -1;
    if (sessions === undefined || index < 0) throw this.#noSlot(sessions?.length ?? 0);
    if (this.#nextSession > sessionMax) {
      throw new CapacityExceeded(`lease ${this.id} has served ${sessionMax + 1} sessions, the most it can`);
    }
    const session = this.#nextSession++;
    sessions[index] = session;
    return { index, session };
  }

  /** The client of `slot` is gone: the slot is wiped and free. */
  freeSlot(slot: number): void {
    if (this.status !== 'active' || this.#server === undefined) return;
    invariant(this.#server.sessions[slot] !== undefined, 'a slot that is freed was taken');
    this.#server.sessions[slot] = undefined;
    this.#memory.closeSlot(slot);
    this.#server.events.slotFreed(slot);
  }

  override claimClientSlot(): ClientSlot {
    this.checkDeadline();
    const { index, session } = this.assignSlot();
    try {
      return { index, session, port: this.#memory.openClientPort(index) };
    } catch (error) {
      this.freeSlot(index);
      throw error;
    }
  }

  /** Lets the holder at the other end of `link` bind to the memory and, if it has one, to its slot. */
  grantTo(link: HomeLink, slot: number | undefined): Grant {
    const { id: lease, generation, arenaBytes } = this;
    return link.grant(this.#memory, { lease, generation, arenaBytes }, slot);
  }

  /** Takes back what was granted: true once the holder can reach the bytes no more. */
  withdrawFrom(link: HomeLink, reason?: EndReason): boolean {
    const confirmed = link.withdraw(this.#memory, reason);
    if (!confirmed) this.#fenced = true;
    return confirmed;
  }

  addHolder(holder: Holder): void {
    this.#holders.add(holder);
  }

  removeHolder(holder: Holder): void {
    this.#holders.delete(holder);
  }

  protected override teardown(status: EndedStatus): void {
    invariant(status !== 'disconnected', 'a home is never disconnected from itself');
    this.window.control.setState(status, this.generation + 1);
    for (const holder of this.#holders) holder.leaseEnded(this, status);
    this.#holders.clear();
    this.#memory.close();
    this.#onEnded();
  }

  #noSlot(slots: number): Contention | Unsupported {
    if (slots === 0) return new Unsupported(`lease ${this.id} has no server, hence no slots`);
    return new Contention(`all ${slots} slot(s) of lease ${this.id} are taken`);
  }
}
