// A machine that shares a pool: its cache, its part of the memory, and which of its processes reach what. All of that
// outlives its processes.
import type { Pool } from './pool.ts';
import { type Extent, PoolBook } from './pool-book.ts';
import { PoolCache } from './pool-cache.ts';

interface Mapping {
  /** A process. */
  readonly owner: object;
  readonly extent: Extent;
  isOpen: boolean;
}

/**
 * Who reaches which bytes on one host. Who is about to says so before he asks the home whether they are still lent to him:
 * so nobody else on the host tells a home that they are not reached any more, between its answer and the opening.
 */
export class PoolReach {
  readonly #mappings = new Map<object, Mapping>();

  /** Not a byte of it is touched until open(). */
  announce(mapping: object, owner: object, extent: Extent): void {
    this.#mappings.set(mapping, { owner, extent, isOpen: false });
  }

  /** The home has said that it is lent. False if it was ended meanwhile. */
  open(mapping: object): boolean {
    const announced = this.#mappings.get(mapping);
    if (announced !== undefined) announced.isOpen = true;
    return announced !== undefined;
  }

  end(mapping: object): void {
    this.#mappings.delete(mapping);
  }

  /** The process is dead. */
  ownerDied(owner: object): void {
    for (const [mapping, each] of [...this.#mappings]) if (each.owner === owner) this.end(mapping);
  }

  /** By somebody, or soon. */
  isReached(at: number, bytes: number): boolean {
    return this.#over(at, bytes).length > 0;
  }

  isOpen(at: number, bytes: number): boolean {
    return this.#over(at, bytes).some((each) => each.isOpen);
  }

  #over(at: number, bytes: number): Mapping[] {
    return [...this.#mappings.values()].filter(({ extent }) => extent.at < at + bytes && at < extent.at + extent.bytes);
  }
}

export class PoolHost {
  readonly pool: Pool;
  readonly number: number;
  readonly cache: PoolCache;
  readonly book: PoolBook;
  readonly reach: PoolReach = new PoolReach();

  /** `cache` is that of all hosts, where they are coherent. */
  constructor(pool: Pool, number: number, bytes: number, cache: PoolCache = new PoolCache(pool)) {
    this.pool = pool;
    this.number = number;
    this.cache = cache;
    this.book = new PoolBook({ at: number * bytes, bytes });
  }

  /** Leaves nothing of these bytes in the cache. False if some process here still reaches them. */
  clean({ at, bytes }: Extent): boolean {
    if (this.reach.isReached(at, bytes)) return false;
    this.cache.invalidate(at, bytes);
    this.cache.fence();
    return true;
  }
}
