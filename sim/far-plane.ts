// A plane that reaches other machines of a simulation: leases are held as mirrors, and what crosses takes its time or is
// lost. The memory at home is the memory plane's own.
import type { FabricError, HolderLink, HolderLinkParts, HomeLink, LinkPlane, PlaneName } from '#bridge';
import type { FarCard } from './far-card.ts';
import { FarHolderLink } from './far-holder-link.ts';
import { FarHomeLink } from './far-home-link.ts';

export class FarPlane implements LinkPlane {
  readonly name: PlaneName = 'sim';
  readonly #card: FarCard;

  constructor(card: FarCard) {
    this.#card = card;
  }

  openHomeLink(onBroken: (error: FabricError) => void): HomeLink {
    return new FarHomeLink(this.#card, onBroken);
  }

  openHolderLink(parts: HolderLinkParts): HolderLink {
    return new FarHolderLink(this.#card, parts);
  }
}
