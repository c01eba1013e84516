// A machine that shares a pool: its cache, its part of the memory, and which of its processes reach what. All of that
// outlives its processes.
import type { Pool } from './pool.ts';
import { type Extent, PoolBook } from './pool-book.ts';
import { PoolCache } from './pool-cache.ts';

/** Who reaches which bytes on one host. */
export class PoolReach {
  readonly #reached = new Map<object, Extent>();
  readonly #owners = new Map<object, object>();

  /** `mapping` is one of `owner`, which is a process. */
  begin(mapping: object, owner: object, extent: Extent): void {
    this.#reached.set(mapping, extent);
    this.#owners.set(mapping, owner);
  }

  end(mapping: object): void {
    this.#reached.delete(mapping);
    this.#owners.delete(mapping);
  }

  /** The process is dead. */
  ownerDied(owner: object): void {
    for (const [mapping, each] of [...this.#owners]) if (each === owner) this.end(mapping);
  }

  isReached(at: number, bytes: number): boolean {
    return [...this.#reached.values()].some((each) => each.at < at + bytes && at < each.at + each.bytes);
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
