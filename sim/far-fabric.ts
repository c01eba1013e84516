// What lies between the machines of a simulation, beside the carriers' network: messages between cards, each in order
// with those before it, or lost, and then its session with it. What goes wrong is said here, so that a test or a seed
// decides it.
import type { FarEnd } from './far-end.ts';
import type { Timeline } from './timeline.ts';

export class FarFabric {
  /** Cards go by this, and not by the clocks of the processes that use them: they work on while those are stopped. */
  readonly clock: Timeline;
  /** Draws how long the next message takes, milliseconds, with so many bytes of a lease in it. */
  delayMs: (bytes: number) => number = () => 0;
  /**
   * Draws at which share of its way the first bytes of the next WRITE become visible, or those of a READ are read, ahead of
   * the others, in no order; 0 where all are at once. They never overtake what was sent before.
   */
  tears: () => number = () => 0;
  /** Draws how long after a message's bytes its process hears of it, milliseconds, unless it looks. */
  noticeMs: () => number = () => 0;
  /** Draws whether the next message, and all that follows it in its direction, is lost. */
  loses: () => boolean = () => false;
  /** Draws whether a message of which a part is visible breaks off there, and all that follows it is lost as well. */
  breaksOff: () => boolean = () => false;
  /** Draws how much of what is under way from an end arrives although that has closed, or its process has died: 0 … 1. */
  outlives: () => number = () => 1;
  readonly #ends = new Map<number, FarEnd>();
  #lastNumber = 0;

  constructor(clock: Timeline) {
    this.clock = clock;
  }

  /** Takes an end in, and numbers it. */
  add(end: FarEnd): number {
    this.#lastNumber += 1;
    this.#ends.set(this.#lastNumber, end);
    return this.#lastNumber;
  }

  remove(number: number): void {
    this.#ends.delete(number);
  }

  get ends(): Iterable<FarEnd> {
    return this.#ends.values();
  }

  endAt(number: number | undefined): FarEnd | undefined {
    return number === undefined ? undefined : this.#ends.get(number);
  }
}
