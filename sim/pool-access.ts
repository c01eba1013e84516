// A lease's bytes in a pool, from another host. They are read where they lie, once the home has flushed them. They are
// written there only where the hosts' caches are coherent: else its home does it, so that each line is one host's to write.
import { type ArenaAccess, Disconnected, Revoked, stateOf, stateWord } from '#bridge';
import type { Extent } from './pool-book.ts';
import type { PoolCard } from './pool-card.ts';
import type { PoolEnd } from './pool-end.ts';

export interface PoolPath {
  readonly end: PoolEnd;
  /** Names the lease on this path. */
  readonly binding: number;
  /** The lease's bytes, and its control page. */
  readonly extent: Extent;
}

export class PoolAccess implements ArenaAccess {
  readonly #card: PoolCard;
  readonly #stateAt: number;
  readonly #active: number;
  #path: PoolPath | undefined;

  constructor(card: PoolCard, arenaBytes: number, generation: number) {
    this.#card = card;
    this.#stateAt = arenaBytes + 4 * stateWord;
    this.#active = stateOf('active', generation);
  }

  connect(path: PoolPath): void {
    this.#path = path;
  }

  /** What its home ends meanwhile is not read. */
  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const { extent, end, binding } = this.#reached;
    const { lines } = this.#card;
    if (!this.#isCoherent) await end.askFlush(binding, offset, bytes);
    lines.invalidate(extent.at + offset, bytes);
    const copy = lines.load(extent.at + offset, bytes);
    this.#checkState();
    return copy;
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    const { end, binding } = this.#reached;
    if (this.#isCoherent) return this.#store(offset, source);
    await end.request({ op: 'write', binding, offset, source });
  }

  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const { end, binding } = this.#reached;
    if (this.#isCoherent) return this.#swap(offset, (found) => (found === expected ? desired : found));
    return (await end.request({ op: 'compareExchange', binding, offset, expected, desired })) as bigint;
  }

  async fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    const { end, binding } = this.#reached;
    if (this.#isCoherent) return this.#swap(offset, (found) => found + delta);
    return (await end.request({ op: 'fetchAdd', binding, offset, delta })) as bigint;
  }

  get #isCoherent(): boolean {
    return this.#card.host.pool.coherent;
  }

  #store(offset: number, source: Uint8Array): void {
    this.#checkState();
    this.#card.host.cache.store(this.#reached.extent.at + offset, source);
  }

  /** In one step, as the processor does it: nobody has a turn in between. */
  #swap(offset: number, change: (found: bigint) => bigint): bigint {
    const at = this.#reached.extent.at + offset;
    const found = new BigUint64Array(this.#card.host.cache.load(at, 8).buffer)[0] as bigint;
    this.#store(offset, new Uint8Array(BigUint64Array.of(change(found)).buffer));
    return found;
  }

  /** Throws Revoked once its home has said that the lease is over. Observes: lease state. */
  #checkState(): void {
    const at = this.#reached.extent.at + this.#stateAt;
    const { lines } = this.#card;
    lines.invalidate(at, 4);
    const [state] = new Int32Array(lines.load(at, 4).buffer);
    if (state !== this.#active) throw new Revoked('the lease is over at its home');
  }

  get #reached(): PoolPath {
    if (this.#path === undefined) throw new Disconnected('the lease is not bound yet');
    return this.#path;
  }
}
