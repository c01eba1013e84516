// Authoritative access to a lease's bytes, with every bound checked before the plane sees it.
import type { Lease } from './lease.ts';

const uint64Max = 2n ** 64n - 1n;

/**
 * A lease's bytes at its home, wherever that is. Every method fails with the lease's own error once it has ended, and
 * with RangeError or TypeError, before anything is touched, for an argument out of bounds.
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
    return this.#finished(this.#access().read(offset, bytes));
  }

  /** Stores `source` at `offset`. Concurrent readers may see part of it. */
  async write(offset: number, source: Uint8Array): Promise<void> {
    if (!(source instanceof Uint8Array)) throw new TypeError('mem().write takes a Uint8Array');
    this.#checkRange('write', offset, source.length);
    return this.#finished(this.#access().write(offset, source));
  }

  /** Stores `desired` at `offset` (a multiple of 8) if the u64 there equals `expected`; returns what was there. */
  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    this.#checkWord('compareExchange', offset);
    checkUint64(expected);
    checkUint64(desired);
    return this.#finished(this.#access().compareExchange(offset, expected, desired));
  }

  /** Adds `delta` to the u64 at `offset` (a multiple of 8), modulo 2^64; returns what was there. */
  async fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    this.#checkWord('fetchAdd', offset);
    checkUint64(delta);
    return this.#finished(this.#access().fetchAdd(offset, delta));
  }

  #access(): Lease['window']['access'] {
    this.#lease.checkDeadline();
    return this.#lease.window.access;
  }

  /** Whatever an operation that was under way ran into: if the lease has ended meanwhile, that is why it failed. */
  async #finished<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#lease.status === 'active') throw error;
      throw this.#lease.endedError(true);
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
