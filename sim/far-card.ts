// One process's card: its ends of far sessions, and one look at all that has happened to any of them.
import { Disconnected } from '#bridge';
import { FarEnd, type FarEvents } from './far-end.ts';
import type { FarFabric } from './far-fabric.ts';
import type { FarLooker } from './far-path.ts';
import type { ProcessClock } from './process-clock.ts';

export class FarCard implements FarLooker {
  readonly clock: ProcessClock;
  readonly #fabric: FarFabric;
  readonly #ends = new Set<FarEnd>();
  readonly #keepers = new Set<object>();

  constructor(fabric: FarFabric, clock: ProcessClock) {
    this.#fabric = fabric;
    this.clock = clock;
  }

  /** Whether somebody's waiting would keep the process alive. */
  get keepsAlive(): boolean {
    return this.#keepers.size > 0;
  }

  keepAlive(keeper: object, keep: boolean): void {
    if (keep) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
  }

  /** Sessions that are open, or broken and not closed yet. */
  get open(): number {
    return this.#ends.size;
  }

  /** Memory that is open to the other ends of these sessions. */
  get registeredBytes(): number {
    let bytes = 0;
    for (const { regions } of this.#ends) for (const region of regions.values()) bytes += region.length;
    return bytes;
  }

  get hasNews(): boolean {
    return [...this.#ends].some((end) => end.hasNews);
  }

  openEnd(events: FarEvents): FarEnd {
    const end = new FarEnd(this.#fabric, this.clock, events);
    this.#ends.add(end);
    return end;
  }

  closeEnd(end: FarEnd): void {
    this.#ends.delete(end);
    end.close();
  }

  observe(): void {
    for (const end of this.#ends) end.observe();
  }

  /** Every session of this process breaks here; the other ends find that out when they next send something. */
  breakAll(): void {
    for (const end of [...this.#ends]) end.break(new Disconnected('the card broke', { mayHaveExecuted: true }));
  }

  /** The process is dead. */
  abandon(): void {
    for (const end of this.#ends) end.abandon();
    this.#ends.clear();
  }
}
