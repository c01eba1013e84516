// A lease at its home: owns the memory, keeps the deadline that counts, and knows who holds it and which slot is whose.

import { type SlotGrant, sessionMax } from '../control/messages.ts';
import { CapacityExceeded, Contention, Unsupported } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Grant, HomeLink, HomeMemory, ServerPort } from '../plane/plane.ts';
import type { SlotRange } from '../plane/slot-board.ts';
import type { SlotLayout } from './control-page.ts';
import { type ClientSlots, checkLeaseMs, Lease, type LeaseContext, type RevokeOutcome } from './lease.ts';
import type { LeaseId } from './lease-id.ts';
import type { EndedStatus, EndReason } from './lease-status.ts';
import { SlotTable } from './slot-table.ts';

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

/** What the server wants to hear about its clients. */
export interface ClientEvents {
  /** A client has slots from here on. */
  clientCame(slots: SlotGrant): void;
  /** The client of these slots is gone; the server leaves nothing of it in them. */
  clientGone(slots: SlotRange): void;
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
  readonly events: ClientEvents;
  readonly slots: SlotTable;
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

  override get layout(): SlotLayout {
    return this.#server?.layout ?? { name: 'none', slotCount: 0, slotStride: 0 };
  }

  get freeSlotCount(): number {
    return this.#server?.slots.free ?? 0;
  }

  override async renew(leaseMs: number = this.leaseMs): Promise<void> {
    this.renewNow(leaseMs);
  }

  /** The home's own clock decides, so this cannot fail but for a lease that has ended, or a RangeError. */
  renewNow(leaseMs: number): void {
    this.#moveDeadline(this.#deadlineAfter(leaseMs), leaseMs);
  }

  /**
   * What a holder asks for: the deadline is at least `leaseMs` away. It never brings the deadline nearer, for there are other
   * holders, nor does it change what the home's own renewals repeat. Fails as renewNow().
   */
  extend(leaseMs: number): void {
    const deadlineMs = this.#deadlineAfter(leaseMs);
    if (deadlineMs > this.deadlineMs) this.#moveDeadline(deadlineMs, this.leaseMs);
  }

  #deadlineAfter(leaseMs: number): number {
    checkLeaseMs(leaseMs);
    this.checkDeadline();
    return this.context.environment.clock.nowMs() + leaseMs;
  }

  #moveDeadline(deadlineMs: number, leaseMs: number): void {
    this.setDeadline(deadlineMs, leaseMs);
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
  openServer(layout: SlotLayout, events: ClientEvents): ServerPort {
    this.checkDeadline();
    if (this.#server !== undefined) throw new Contention(`lease ${this.id} has a server already`);
    const port = this.#memory.openServerPort(layout);
    this.#server = { port, layout, events, slots: new SlotTable(layout.slotCount) };
    this.window.control.setLayout(layout);
    return port;
  }

  /** The session that a client has now. */
  sessionOf(client: number): number | undefined {
    return this.#server?.slots.sessionOf(client);
  }

  /**
   * Assigns free slots that lie side by side; one, in the classic layout, whatever is asked for. Throws Contention where one
   * client has all there is, CapacityExceeded where many have.
   */
  assignSlots(wanted: number): SlotGrant {
    const server = this.#server;
    if (server === undefined) throw new Unsupported(`lease ${this.id} has no server, hence no slots`);
    if (this.#nextSession > sessionMax) {
      throw new CapacityExceeded(`lease ${this.id} has served ${sessionMax + 1} sessions, the most it can`);
    }
    const session = this.#nextSession;
    const slots = server.slots.assign(server.layout.name === 'slots' ? wanted : 1, session);
    if (slots === undefined) throw this.#noSlots(server.slots, wanted);
    this.#nextSession += 1;
    const grant = { ...slots, session };
    server.events.clientCame(grant);
    return grant;
  }

  /** The client of these slots is gone: they are wiped and free. */
  freeSlots(slots: SlotRange): void {
    if (this.status !== 'active' || this.#server === undefined) return;
    this.#server.slots.release(slots);
    this.#memory.closeClient(slots);
    this.#server.events.clientGone(slots);
  }

  override claimClientSlots(count: number): ClientSlots {
    this.checkDeadline();
    const slots = this.assignSlots(count);
    try {
      return { ...slots, port: this.#memory.openClientPort(slots) };
    } catch (error) {
      this.freeSlots(slots);
      throw error;
    }
  }

  /** Lets the holder at the other end of `link` bind to the memory and, if it has any, to its slots. */
  grantTo(link: HomeLink, slots: SlotRange | undefined): Grant {
    const { id: lease, generation, arenaBytes } = this;
    return link.grant(this.#memory, { lease, generation, arenaBytes }, slots);
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

  #noSlots({ slotCount, free }: SlotTable, wanted: number): CapacityExceeded | Contention {
    if (slotCount === 1) return new Contention(`all 1 slot(s) of lease ${this.id} are taken`);
    const how =
      free < wanted ? `${free} of ${slotCount} are free` : `no ${wanted} of the ${free} free lie side by side`;
    return new CapacityExceeded(`${wanted} slot(s) of lease ${this.id} wanted: ${how}`);
  }
}
