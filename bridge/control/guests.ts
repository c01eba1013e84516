// The network peers that have said hello, until they go: no more of them at once than there may be.
import { CapacityExceeded } from '../errors.ts';

export class Guests {
  readonly #guestsMax: number;
  readonly #present = new Set<object>();

  constructor(guestsMax: number) {
    this.#guestsMax = guestsMax;
  }

  /** Lets a guest in, who may be in already. Throws CapacityExceeded where there are as many as may be. */
  enter(guest: object): void {
    if (this.#present.size >= this.#guestsMax && !this.#present.has(guest)) {
      throw new CapacityExceeded(`no more than ${this.#guestsMax} network peers may be connected to an agent`);
    }
    this.#present.add(guest);
  }

  leave(guest: object): void {
    this.#present.delete(guest);
  }
}
