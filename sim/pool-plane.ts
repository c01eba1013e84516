// The plane between machines that share a pool, as the cxl plane is to be: leases lie in the pool, and each session has a
// channel there. One for each pair of a process and a peer's machine.
import type { FabricError, HolderLink, HolderLinkParts, HomeLink, LinkPlane, PlaneName } from '#bridge';
import type { PoolCard } from './pool-card.ts';
import { PoolHolderLink } from './pool-holder-link.ts';
import { PoolHomeLink } from './pool-home-link.ts';

export class PoolPlane implements LinkPlane {
  readonly name: PlaneName = 'cxl';
  readonly #card: PoolCard;
  readonly #peerHost: number;

  /** `peerHost` is the number of the host whose processes are at the other end. */
  constructor(card: PoolCard, peerHost: number) {
    this.#card = card;
    this.#peerHost = peerHost;
  }

  openHomeLink(onBroken: (error: FabricError) => void): HomeLink {
    return new PoolHomeLink(this.#card, this.#peerHost, onBroken);
  }

  openHolderLink(parts: HolderLinkParts): HolderLink {
    return new PoolHolderLink(this.#card, parts);
  }
}
