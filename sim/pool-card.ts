// One process's part in a pool: its ends of channels, one look at all of them, and the memory as its thread goes through
// it, which may lose its processor at any step.
import type { LineMemory } from '#bridge';
import type { Preemption } from './bell-sleeper.ts';
import type { FarLooker } from './far-path.ts';
import { PoolEnd, type PoolEndParts } from './pool-end.ts';
import type { PoolHost } from './pool-host.ts';
import type { ProcessClock } from './process-clock.ts';

export class PoolCard implements FarLooker {
  readonly clock: ProcessClock;
  readonly host: PoolHost;
  readonly lines: LineMemory;
  readonly #ends = new Set<PoolEnd>();
  readonly #keepers = new Set<object>();

  constructor(host: PoolHost, clock: ProcessClock, preemption: Preemption) {
    this.host = host;
    this.clock = clock;
    this.lines = new InterruptedLines(host.cache, () => clock.preempt(preemption.preemptMs()));
  }

  /** Channels that are open, or broken and not closed yet. */
  get open(): number {
    return this.#ends.size;
  }

  get hasNews(): boolean {
    return [...this.#ends].some((end) => end.hasNews);
  }

  keepAlive(keeper: object, keep: boolean): void {
    if (keep) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
    this.clock.keepAlive(this, this.#keepers.size > 0);
  }

  openEnd(parts: PoolEndParts): PoolEnd {
    const end = new PoolEnd(this, parts);
    this.#ends.add(end);
    return end;
  }

  closeEnd(end: PoolEnd): void {
    this.#ends.delete(end);
    end.close();
  }

  observe(): void {
    for (const end of this.#ends) end.observe();
  }

  /** The process is dead: it reaches nothing any more, and what it stored stays in its host's cache. */
  abandon(): void {
    for (const end of this.#ends) end.abandon();
    this.#ends.clear();
    this.host.reach.ownerDied(this);
  }
}

/** Between any two steps of the protocol the thread may lose its processor. */
class InterruptedLines implements LineMemory {
  readonly #memory: LineMemory;
  readonly #interrupt: () => void;

  constructor(memory: LineMemory, interrupt: () => void) {
    this.#memory = memory;
    this.#interrupt = interrupt;
  }

  load(offset: number, bytes: number): Uint8Array {
    return this.#memory.load(offset, bytes);
  }

  store(offset: number, source: Uint8Array): void {
    this.#interrupt();
    this.#memory.store(offset, source);
  }

  flush(offset: number, bytes: number): void {
    this.#interrupt();
    this.#memory.flush(offset, bytes);
  }

  invalidate(offset: number, bytes: number): void {
    this.#memory.invalidate(offset, bytes);
  }

  fence(): void {
    this.#memory.fence();
  }
}
