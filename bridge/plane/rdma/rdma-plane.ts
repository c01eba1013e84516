// The rdma plane: leases of one machine, reached from others through a card that writes into their memory. It serves
// sessions; the memory itself is the local plane's.
import type { Environment } from '../../environment.ts';
import type { FabricError } from '../../errors.ts';
import type { HolderLink, HolderLinkParts, HomeLink, LinkPlane, PlaneName } from '../plane.ts';
import { RdmaEngine } from './rdma-engine.ts';
import { RdmaHolderLink } from './rdma-holder-link.ts';
import { RdmaHomeAtomics } from './rdma-home-atomics.ts';
import { RdmaHomeLink } from './rdma-home-link.ts';

export class RdmaPlane implements LinkPlane {
  readonly name: PlaneName = 'rdma';
  readonly #environment: Environment;
  readonly #engine: RdmaEngine;
  readonly #atomics: RdmaHomeAtomics;

  /** Throws Unsupported, saying why, where no card can be used. */
  constructor(environment: Environment) {
    this.#environment = environment;
    this.#engine = new RdmaEngine(environment.clock);
    this.#atomics = new RdmaHomeAtomics(this.#engine, environment.random);
  }

  openHomeLink(onBroken: (error: FabricError) => void): HomeLink {
    return new RdmaHomeLink(this.#engine, this.#environment.random, this.#atomics, onBroken);
  }

  openHolderLink(parts: HolderLinkParts): HolderLink {
    return new RdmaHolderLink(this.#engine, this.#environment.random, parts);
  }
}
