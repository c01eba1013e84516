// Which bytes of a host's part of a pool are used, and which hosts may still reach them. Bytes that nobody uses any more
// are used again, but only once each host that they were lent to has said that it reaches them no more, and that nothing
// of them is in its cache. A host that cannot say so fences them off until it does.
import { CapacityExceeded, invariant } from '#bridge';

export interface Extent {
  readonly at: number;
  readonly bytes: number;
}

/** One use of an extent: the next has another number. */
export interface Use extends Extent {
  readonly number: number;
}

interface Entry extends Use {
  /** Hosts that may reach it: how many bindings each has that its home knows of. */
  readonly bindings: Map<number, number>;
  left: boolean;
}

export class PoolBook {
  readonly #part: Extent;
  /** In the order of their places. */
  readonly #entries: Entry[] = [];
  #lastNumber = 0;

  constructor(part: Extent) {
    this.#part = part;
  }

  /** Bytes that nobody uses any more, and that somebody may still reach. */
  get fencedBytes(): number {
    return this.#entries.filter(({ left }) => left).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get usedBytes(): number {
    return this.#entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The first place that is large enough. Throws CapacityExceeded if there is none. */
  allocate(bytes: number): Use {
    let { at } = this.#part;
    let index = 0;
    for (const entry of this.#entries) {
      if (entry.at - at >= bytes) break;
      at = entry.at + entry.bytes;
      index += 1;
    }
    if (at + bytes > this.#part.at + this.#part.bytes) {
      throw new CapacityExceeded(
        `${bytes} bytes of the pool wanted: ${this.usedBytes} of ${this.#part.bytes} are used, ${this.fencedBytes} of them fenced`,
      );
    }
    this.#lastNumber += 1;
    const entry = { at, bytes, number: this.#lastNumber, bindings: new Map(), left: false };
    this.#entries.splice(index, 0, entry);
    return entry;
  }

  /** A host may reach it, by one more binding. */
  lend(number: number, host: number): void {
    const { bindings } = this.#find(number);
    bindings.set(host, (bindings.get(host) ?? 0) + 1);
  }

  /** One binding is over; whether the host still reaches the bytes is not known. */
  takeBack(number: number, host: number): void {
    const { bindings } = this.#find(number);
    bindings.set(host, Math.max(0, (bindings.get(host) ?? 0) - 1));
  }

  /** The host has said that it reaches this use no more. What it may have been lent meanwhile it cannot have known of. */
  confirm(number: number, host: number): void {
    const entry = this.#entries.find((each) => each.number === number);
    if (entry === undefined || entry.bindings.get(host) !== 0) return;
    entry.bindings.delete(host);
    this.#reclaim(entry);
  }

  /** Nobody here uses it any more. */
  leave(number: number): void {
    const entry = this.#find(number);
    entry.left = true;
    this.#reclaim(entry);
  }

  /** What a host is to say of that it reaches it no more: `countMax` at most. */
  waitingFor(host: number, countMax: number): Use[] {
    return this.#entries.filter(({ left, bindings }) => left && bindings.get(host) === 0).slice(0, countMax);
  }

  #reclaim(entry: Entry): void {
    if (!entry.left || entry.bindings.size > 0) return;
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  #find(number: number): Entry {
    const entry = this.#entries.find((each) => each.number === number);
    invariant(entry !== undefined, 'what is lent is in use');
    return entry;
  }
}
