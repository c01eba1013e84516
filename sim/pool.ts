// Memory that several machines of a simulation share, and what they have in common there. What goes wrong is said here,
// so that a test or a seed decides it.
import { invariant } from '#bridge';
import type { PoolEnd } from './pool-end.ts';
import { PoolHost } from './pool-host.ts';

export interface PoolOptions {
  readonly hosts: number;
  /** Of each host's part, from which it lends; a multiple of 4096. */
  readonly hostBytes: number;
  /** Whether the hosts' caches are kept coherent, as by CXL 3's back-invalidation. Defaults to false. */
  readonly coherent?: boolean;
}

export class Pool {
  readonly memory: Uint8Array;
  readonly coherent: boolean;
  readonly hosts: readonly PoolHost[];
  /** Draws how many lines leave some host's cache at the next operation on any. */
  evictions: () => number = () => 0;
  /** Draws whether a line that is flushed now is written back by the next fence only. */
  flushesLate: () => boolean = () => false;
  /** Draws which of `count` it is, where one of many is picked. */
  pick: (count: number) => number = () => 0;
  /** Draws how long a notice takes to the other end of a channel, milliseconds. */
  noticeMs: () => number = () => 0;
  /** Hears of what must never happen in this memory. */
  onViolation: (what: string) => void = (what) => invariant(false, what);
  /** Counts what may be seen elsewhere: whoever has looked since need not look again. */
  changes = 0;
  readonly #ends = new Map<number, PoolEnd>();
  #lastEnd = 0;

  constructor({ hosts, hostBytes, coherent = false }: PoolOptions) {
    this.memory = new Uint8Array(hosts * hostBytes);
    this.coherent = coherent;
    const opened: PoolHost[] = [];
    for (let i = 0; i < hosts; i++)
      opened.push(new PoolHost(this, i, hostBytes, coherent ? opened[0]?.cache : undefined));
    this.hosts = opened;
  }

  /** Lets lines leave caches, as they may at any time. */
  evictSome(): void {
    for (let left = this.evictions(); left > 0; left--) {
      this.hosts[this.pick(this.hosts.length)]?.cache.evictOne();
    }
  }

  /** Memory that is granted now is in nobody's reach, and nobody's old stores can still come to it. */
  checkUnreached(at: number, bytes: number): void {
    for (const { number, cache, reach } of this.hosts) {
      if (reach.isOpen(at, bytes))
        this.onViolation(`${bytes} bytes at ${at} are granted, and host ${number} reaches them`);
      if (cache.isDirty(at, bytes))
        this.onViolation(`${bytes} bytes at ${at} are granted, and dirty at host ${number}`);
    }
  }

  addEnd(end: PoolEnd): number {
    this.#lastEnd += 1;
    this.#ends.set(this.#lastEnd, end);
    return this.#lastEnd;
  }

  endAt(number: number | undefined): PoolEnd | undefined {
    return number === undefined ? undefined : this.#ends.get(number);
  }

  removeEnd(number: number): void {
    this.#ends.delete(number);
  }
}
