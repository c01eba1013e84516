// The home's side of one control connection: answers a holder's requests, and gives back everything that the holder
// had when the connection ends, whether politely or by the process's death.

import type { Carrier } from '../control/carrier.ts';
import { type Answer, type ConnectionOwner, ControlConnection } from '../control/connection.ts';
import { type Notice, type Request, ticketBytes } from '../control/messages.ts';
import type { ServiceRecord } from '../dns/service-record.ts';
import type { Environment } from '../environment.ts';
import { Contention, type FabricError, MalformedFrame, Revoked } from '../errors.ts';
import type { Holder, HomeLease } from '../lease/home-lease.ts';
import { type AgentId, type LeaseId, leaseIdFromBytes, leaseIdToBytes } from '../lease/lease-id.ts';
import type { EndReason } from '../lease/lease-status.ts';
import type { HomeLink, LinkPlane } from '../plane/plane.ts';

/** The leases that an agent is home to. */
export interface HomeLeases {
  readonly id: AgentId;
  /** Throws Revoked for a lease that this agent does not have (any more). */
  find(id: LeaseId): HomeLease;
  /** By which plane leases get to whoever is at the other end. Throws Unsupported if none does. */
  planeFor(carrier: Carrier): LinkPlane;
  /** The instances of a service on this node that other machines can reach. */
  services(service: string): readonly ServiceRecord[];
  /** The session that has this ticket, if there is one. */
  sessionOf(ticket: Uint8Array): HolderSession | undefined;
  sessionEnded(session: HolderSession): void;
}

export class HolderSession implements ConnectionOwner, Holder {
  /** What a holder shows who has lost this session, which may not have been noticed here. */
  readonly ticket: Uint8Array;
  readonly #leases: HomeLeases;
  readonly #connection: ControlConnection;
  /** What is attached over this connection, and in which slot. */
  readonly #attached = new Map<HomeLease, number | undefined>();
  /** Opened when the holder first needs it. */
  #link: HomeLink | undefined;

  constructor(carrier: Carrier, leases: HomeLeases, { clock, random }: Environment) {
    this.ticket = random.bytes(ticketBytes);
    this.#leases = leases;
    this.#connection = new ControlConnection(carrier, clock, this, { self: leases.id });
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
        if (request.resumes !== null) this.#replace(request.resumes);
        return this.#attach(lease, request.slot);
      case 'describe':
        return { body: describe(lease) };
      case 'remaining':
        this.#checkHeld(lease, request.generation);
        return { body: { type: 'time', remainingMs: lease.remainingMs } };
      case 'renew':
        this.#checkHeld(lease, request.generation);
        lease.renewNow(request.leaseMs);
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

  /** The holder's end of that session is gone: there is nobody who could miss it. */
  #replace(ticket: Uint8Array): void {
    const lost = this.#leases.sessionOf(ticket);
    if (lost !== undefined && lost !== this) lost.#end();
  }

  #end(): void {
    this.close();
    this.#leases.sessionEnded(this);
  }

  #attach(lease: HomeLease, wantsSlot: boolean): Answer {
    if (this.#attached.has(lease)) throw new Contention(`lease ${lease.id} is attached over this connection already`);
    const link = this.#openLink();
    lease.checkDeadline();
    const slot = wantsSlot && lease.layout.slotCount > 0 ? lease.assignSlot() : null;
    this.#attached.set(lease, slot?.index);
    lease.addHolder(this);
    try {
      const { attachments, offer } = lease.grantTo(link, slot?.index);
      const { generation, arenaBytes, leaseMs, remainingMs, layout } = lease;
      const granted = { generation, arenaBytes, leaseMs, remainingMs, layout };
      return { body: { type: 'attached', ...granted, slot, offer, ticket: this.ticket }, attachments };
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
    const slot = this.#attached.get(lease);
    this.#attached.delete(lease);
    lease.removeHolder(this);
    if (this.#link !== undefined) lease.withdrawFrom(this.#link);
    if (slot !== undefined) lease.freeSlot(slot);
  }

  #checkHeld(lease: HomeLease, generation: number): void {
    if (!this.#attached.has(lease)) throw new MalformedFrame(`lease ${lease.id} is not attached over this connection`);
    if (generation === lease.generation) return;
    throw new Revoked(`generation ${generation} of lease ${lease.id} is over, ${lease.generation} is granted`);
  }
}

function describe(lease: HomeLease): Answer['body'] {
  const { generation, arenaBytes, remainingMs, layout, freeSlots } = lease;
  return { type: 'description', generation, arenaBytes, remainingMs, layout, freeSlots };
}
