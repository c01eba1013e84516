// The rdma plane: leases of one machine, reached from others through a card that writes into their memory. It serves
// sessions; the memory itself is the local plane's.
import type { Environment } from '../../environment.ts';
import type { FabricError } from '../../errors.ts';
import type { HolderLink, HolderLinkParts, HomeLink, LinkPlane, PlaneName } from '../plane.ts';
import { RdmaEngine } from './rdma-engine.ts';
import { RdmaHolderLink } from './rdma-holder-link.ts';
import { RdmaHomeAtomics } from './rdma-home-atomics.ts';
import { RdmaHomeLink } from './rdma-home-link.ts';

/** What is opened of a card, once. */
interface Card {
  readonly engine: RdmaEngine;
  readonly atomics: RdmaHomeAtomics;
}

export class RdmaPlane implements LinkPlane {
  readonly name: PlaneName = 'rdma';
  readonly #environment: Environment;
  #card: Card;

  /** Throws Unsupported, saying why, where no card can be used. */
  constructor(environment: Environment) {
    this.#environment = environment;
    this.#card = openCard(environment);
  }

  openHomeLink(onBroken: (error: FabricError) => void): HomeLink {
    const { engine, atomics } = this.#usableCard();
    return new RdmaHomeLink(engine, this.#environment.random, atomics, onBroken);
  }

  openHolderLink(parts: HolderLinkParts): HolderLink {
    return new RdmaHolderLink(this.#usableCard().engine, this.#environment.random, parts);
  }

  /** The card, opened anew if its engine was lost. Throws Unsupported, saying why, if it can not be used any more. */
  #usableCard(): Card {
    if (this.#card.engine.isLost) this.#card = openCard(this.#environment);
    return this.#card;
  }
}

function openCard({ clock, random }: Environment): Card {
  const engine = new RdmaEngine(clock);
  return { engine, atomics: new RdmaHomeAtomics(engine, random) };
}
