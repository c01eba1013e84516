// A holder's window over RDMA: a mirror of the lease, into which the home writes responses, and which goes as a local
// window goes. What stands at home is read and written through `access`.
import type { Mapping } from '#native';
import { ControlPage, controlPageBytes, type LeaseIdentity, type SlotLayout } from '../../lease/control-page.ts';
import type { EndReason } from '../../lease/lease-status.ts';
import type { ArenaAccess, PlaneName, Window } from '../plane.ts';
import { mapOwn } from './own-mapping.ts';

export class RdmaWindow implements Window {
  readonly plane: PlaneName = 'rdma';
  readonly arena: Uint8Array;
  readonly control: ControlPage;
  readonly access: ArenaAccess;
  readonly #mapping: Mapping;
  readonly #identity: LeaseIdentity;

  /** The control page is this process's own: what the home says of the lease is written there as it arrives. */
  constructor(identity: LeaseIdentity, layout: SlotLayout, access: ArenaAccess) {
    const { arenaBytes } = identity;
    this.#mapping = mapOwn(arenaBytes + controlPageBytes);
    const { buffer } = this.#mapping;
    this.#identity = identity;
    this.access = access;
    this.arena = new Uint8Array(buffer, 0, arenaBytes);
    this.control = new ControlPage(buffer, arenaBytes);
    this.control.initialise(identity);
    this.control.setLayout(layout);
  }

  /** The home has said that the lease is over. Publishes: lease state, to this process's own checks. */
  end(reason: EndReason): void {
    if (!this.#mapping.closed) this.control.setState(reason, this.#identity.generation + 1);
  }

  close(): void {
    this.#mapping.close();
  }
}
