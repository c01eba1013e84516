// Authoritative access to a lease's bytes, with every bound checked before the plane sees it.
import type { ArenaAccess } from '../plane/plane.ts';
import type { Lease } from './lease.ts';

const uint64Max = 2n ** 64n - 1n;

/**
 * A lease's bytes at its home, wherever that is. Every method fails with the lease's own error once it has ended, and
 * with RangeError or TypeError, before anything is touched, for an argument out of bounds. While the way to the home is
 * interrupted they wait; what an interruption breaks off fails with Disconnected, but for reads, which begin again.
 */
export class LeaseMemory {
  readonly #lease: Lease;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Size of the arena in bytes: at least what was asked for. */
  arenaSize(): number {
    return this.#lease.arenaBytes;
  }

  /** A copy of `bytes` bytes from `offset`, owned by the caller. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    this.#checkRange('read', offset, bytes);
    return this.#run((access) => access.read(offset, bytes), 'again');
  }

  /** Stores `source` at `offset`. Concurrent readers may see part of it. */
  async write(offset: number, source: Uint8Array): Promise<void> {
    if (!(source instanceof Uint8Array)) throw new TypeError('mem().write takes a Uint8Array');
    this.#checkRange('write', offset, source.length);
    // The caller may use its own again at once, although the write may have to wait.
    const bytes = this.#lease.interrupted ? Uint8Array.from(source) : source;
    return this.#run((access) => access.write(offset, bytes), 'once');
  }

  /** Stores `desired` at `offset` (a multiple of 8) if the u64 there equals `expected`; returns what was there. */
  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    this.#checkWord('compareExchange', offset);
    checkUint64(expected);
    checkUint64(desired);
    return this.#run((access) => access.compareExchange(offset, expected, desired), 'once');
  }

  /** Adds `delta` to the u64 at `offset` (a multiple of 8), modulo 2^64; returns what was there. */
  async fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    this.#checkWord('fetchAdd', offset);
    checkUint64(delta);
    return this.#run((access) => access.fetchAdd(offset, delta), 'once');
  }

  /**
   * Begins once the home is in reach. What an interruption breaks off is begun again, if that does no harm. Whatever an
   * operation ran into: if the lease has ended meanwhile, that is why it failed.
   */
  async #run<T>(operation: (access: ArenaAccess) => Promise<T>, repeat: 'once' | 'again'): Promise<T> {
    for (;;) {
      if (this.#lease.interrupted) await this.#lease.whenReached();
      this.#lease.checkDeadline();
      try {
        return await operation(this.#lease.window.access);
      } catch (error) {
        if (this.#lease.status !== 'active') throw this.#lease.endedError(true);
        if (!this.#lease.interrupted) throw error;
        if (repeat === 'once') throw this.#lease.interruptedError(true);
      }
    }
  }

  #checkRange(verb: string, offset: number, bytes: number): void {
    const end = offset + bytes;
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(bytes);
    if (whole && offset >= 0 && bytes >= 0 && end <= this.#lease.arenaBytes) return;
    throw new RangeError(
      `${verb} of ${bytes} bytes at ${offset} is outside the arena's ${this.#lease.arenaBytes} bytes`,
    );
  }

  #checkWord(verb: string, offset: number): void {
    this.#checkRange(verb, offset, 8);
    if (offset % 8 !== 0) throw new RangeError(`${verb} needs an offset that is a multiple of 8, got ${offset}`);
  }
}

function checkUint64(value: bigint): void {
  if (typeof value !== 'bigint') throw new TypeError(`expected a bigint, got ${typeof value}`);
  if (value < 0n || value > uint64Max) throw new RangeError(`${value} is not an unsigned 64-bit integer`);
}
