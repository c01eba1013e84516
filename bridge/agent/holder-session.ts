// The home's side of one control connection: answers a holder's requests, and gives back everything that the holder
// had when the connection ends, whether politely or by the process's death.

import type { Carrier } from '../control/carrier.ts';
import { type Answer, type ConnectionOwner, ControlConnection } from '../control/connection.ts';
import type { Notice, Request } from '../control/messages.ts';
import type { ServiceRecord } from '../dns/service-record.ts';
import type { Clock } from '../environment.ts';
import { Contention, type FabricError, MalformedFrame, Revoked } from '../errors.ts';
import type { Holder, HomeLease } from '../lease/home-lease.ts';
import { type AgentId, type LeaseId, leaseIdFromBytes, leaseIdToBytes } from '../lease/lease-id.ts';
import type { EndReason } from '../lease/lease-status.ts';
import type { HomeLink, LinkPlane } from '../plane/plane.ts';
import type { SlotRange } from '../plane/slot-board.ts';

/** The leases that an agent is home to. */
export interface HomeLeases {
  readonly id: AgentId;
  /** Throws Revoked for a lease that this agent does not have (any more). */
  find(id: LeaseId): HomeLease;
  /** By which plane leases get to whoever is at the other end. Throws Unsupported if none does. */
  planeFor(carrier: Carrier): LinkPlane;
  /** The instances of a service on this node that other machines can reach. */
  services(service: string): readonly ServiceRecord[];
  /** The session of the holder with this key, if there is one. */
  sessionOf(holder: Uint8Array): HolderSession | undefined;
  sessionEnded(session: HolderSession): void;
}

export class HolderSession implements ConnectionOwner, Holder {
  readonly #leases: HomeLeases;
  readonly #connection: ControlConnection;
  /** What is attached over this connection, and in which slots. */
  readonly #attached = new Map<HomeLease, SlotRange | undefined>();
  /** Opened when the holder first needs it. */
  #link: HomeLink | undefined;
  #holder: Uint8Array | undefined;

  constructor(carrier: Carrier, leases: HomeLeases, clock: Clock) {
    this.#leases = leases;
    this.#connection = new ControlConnection(carrier, clock, this, { self: leases.id });
  }

  /** Whether this is a session of the holder with that key. */
  isOf(holder: Uint8Array): boolean {
    return this.#holder !== undefined && Buffer.compare(this.#holder, holder) === 0;
  }

  onRequest(request: Request): Answer {
    if (request.type === 'resolve') {
      return { body: { type: 'services', records: this.#leases.services(request.service) } };
    }
    if (request.type === 'plane') {
      return { body: { type: 'plane-answer', body: this.#openLink().answer(request.body) } };
    }
    const lease = this.#leases.find(leaseIdFromBytes(request.lease));
    switch (request.type) {
      case 'attach':
        this.#recognise(request.holder);
        return this.#attach(lease, request.slots);
      case 'describe':
        return { body: describe(lease) };
      case 'remaining':
        this.#checkHeld(lease, request.generation);
        return { body: { type: 'time', remainingMs: lease.remainingMs } };
      case 'renew':
        this.#checkHeld(lease, request.generation);
        lease.extend(request.leaseMs);
        return { body: { type: 'time', remainingMs: lease.remainingMs } };
      case 'detach':
        this.#checkHeld(lease, request.generation);
        this.#detach(lease);
        return { body: { type: 'done' } };
    }
  }

  onNotice(notice: Notice): void {
    throw new MalformedFrame(`a holder sends no ${notice.type}`);
  }

  onClose(_error: FabricError): void {
    this.#detachAll();
    this.#leases.sessionEnded(this);
  }

  leaseRenewed(lease: HomeLease): void {
    this.#connection.notify({
      type: 'renewed',
      lease: leaseIdToBytes(lease.id),
      generation: lease.generation,
    });
  }

  leaseEnded(lease: HomeLease, reason: EndReason): boolean {
    this.#attached.delete(lease);
    const { id, generation } = lease;
    this.#connection.notify({ type: 'ended', lease: leaseIdToBytes(id), generation, reason });
    return this.#link === undefined || lease.withdrawFrom(this.#link, reason);
  }

  /** The agent closes: the holder sees its connection end. */
  close(): void {
    this.#connection.close();
    this.#detachAll();
  }

  /** By the plane that reaches the holder; throws Unsupported if none does. */
  #openLink(): HomeLink {
    this.#link ??= this.#leases.planeFor(this.#connection.carrier).openHomeLink(() => this.#end());
    return this.#link;
  }

  /** Another session of the same holder has lost its other end: there is nobody who could miss it. */
  #recognise(holder: Uint8Array): void {
    if (this.isOf(holder)) return;
    if (this.#holder !== undefined) throw new MalformedFrame('a session has one holder');
    const lost = this.#leases.sessionOf(holder);
    if (lost !== undefined) lost.#end();
    this.#holder = holder.slice();
  }

  #end(): void {
    this.close();
    this.#leases.sessionEnded(this);
  }

  #attach(lease: HomeLease, wanted: number): Answer {
    if (this.#attached.has(lease)) throw new Contention(`lease ${lease.id} is attached over this connection already`);
    const link = this.#openLink();
    lease.checkDeadline();
    const slots = wanted > 0 && lease.layout.slotCount > 0 ? lease.assignSlots(wanted) : null;
    this.#attached.set(lease, slots ?? undefined);
    lease.addHolder(this);
    try {
      const { attachments, offer } = lease.grantTo(link, slots ?? undefined);
      const { generation, arenaBytes, leaseMs, remainingMs, layout } = lease;
      const granted = { generation, arenaBytes, leaseMs, remainingMs, layout };
      return { body: { type: 'attached', ...granted, slots, offer }, attachments };
    } catch (error) {
      this.#detach(lease);
      throw error;
    }
  }

  #detachAll(): void {
    for (const lease of [...this.#attached.keys()]) this.#detach(lease);
    this.#link?.close();
    this.#link = undefined;
  }

  #detach(lease: HomeLease): void {
    const slots = this.#attached.get(lease);
    this.#attached.delete(lease);
    lease.removeHolder(this);
    if (this.#link !== undefined) lease.withdrawFrom(this.#link);
    if (slots !== undefined) lease.freeSlots(slots);
  }

  #checkHeld(lease: HomeLease, generation: number): void {
    if (!this.#attached.has(lease)) throw new MalformedFrame(`lease ${lease.id} is not attached over this connection`);
    if (generation === lease.generation) return;
    throw new Revoked(`generation ${generation} of lease ${lease.id} is over, ${lease.generation} is granted`);
  }
}

function describe(lease: HomeLease): Answer['body'] {
  const { generation, arenaBytes, remainingMs, layout, freeSlotCount: freeSlots } = lease;
  return { type: 'description', generation, arenaBytes, remainingMs, layout, freeSlots };
}
