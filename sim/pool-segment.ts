// A lease's memory at its home, where that lies in a pool: mapped through the host's cache. What others are to see there
// is flushed.
import { type ArenaAccess, controlPageBytes, lineBytes } from '#bridge';
import { MemorySegment } from './memory-window.ts';
import type { Use } from './pool-book.ts';
import type { PoolHost } from './pool-host.ts';

export class PoolSegment extends MemorySegment {
  readonly use: Use;
  readonly #host: PoolHost;

  /** Fresh and zeroed, as others find it too. Throws CapacityExceeded if the host's part of the pool has no more. */
  constructor(host: PoolHost, bytes: number) {
    const use = host.book.allocate(bytes);
    super(mapped(host, use));
    this.#host = host;
    this.use = use;
    new Uint8Array(this.buffer).fill(0);
    this.publish(0, bytes);
  }

  override accessTo(arena: Uint8Array): ArenaAccess {
    return new FlushedAccess(super.accessTo(arena), (offset, bytes) => this.publish(offset, bytes));
  }

  /** Whoever looks finds these bytes as they are here. */
  publish(offset: number, bytes: number): void {
    const { cache } = this.#host;
    cache.flush(this.use.at + offset, bytes);
    cache.fence();
  }

  /** What the home says of the lease is there for those who have lost it. */
  override settle(): void {
    this.publish(this.use.bytes - controlPageBytes, lineBytes);
  }

  protected override onUnused(): void {
    const { cache, book } = this.#host;
    const { at, bytes, number } = this.use;
    cache.unmap(at, bytes);
    super.onUnused();
    cache.invalidate(at, bytes);
    cache.fence();
    book.leave(number);
  }
}

/** Nothing of what the memory was used for before is in the host's cache. */
function mapped({ pool, cache }: PoolHost, { at, bytes }: Use): ArrayBuffer {
  pool.checkUnreached(at, bytes);
  cache.invalidate(at, bytes);
  return cache.map(at, bytes);
}

class FlushedAccess implements ArenaAccess {
  readonly #access: ArenaAccess;
  readonly #publish: (offset: number, bytes: number) => void;

  constructor(access: ArenaAccess, publish: (offset: number, bytes: number) => void) {
    this.#access = access;
    this.#publish = publish;
  }

  read(offset: number, bytes: number): Promise<Uint8Array> {
    return this.#access.read(offset, bytes);
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    const written = this.#access.write(offset, source);
    this.#publish(offset, source.length);
    return written;
  }

  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const found = this.#access.compareExchange(offset, expected, desired);
    this.#publish(offset, 8);
    return found;
  }

  fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    const found = this.#access.fetchAdd(offset, delta);
    this.#publish(offset, 8);
    return found;
  }
}
