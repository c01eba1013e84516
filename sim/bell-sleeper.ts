// How one side of a lease's slots sleeps in a simulation, and is woken: as on the local plane, with another bell.
import type { Sleeper, SleepWord } from '#bridge';
import type { MemoryDoorbell } from './memory-doorbell.ts';
import type { ProcessClock } from './process-clock.ts';

/** What decides when a thread loses its processor, and for how many milliseconds. */
export interface Preemption {
  readonly preemptMs: () => number;
}

/** Rings a sleeper's bell, once for each of its sleeps. */
export class Waker {
  readonly #word: SleepWord;
  readonly #bell: MemoryDoorbell;
  #rungFor = 0;

  constructor(word: SleepWord, bell: MemoryDoorbell) {
    this.#word = word;
    this.#bell = bell;
  }

  /** After publishing. True if the peer sleeps. */
  wake(): boolean {
    const sleep = Atomics.load(this.#word.words, this.#word.index);
    if (sleep === 0) return false;
    if (sleep !== this.#rungFor) this.#bell.ring();
    this.#rungFor = sleep;
    return true;
  }
}

export abstract class BellSleeper implements Sleeper {
  abstract readonly spinMsMax: number;
  readonly clock: ProcessClock;
  readonly #own: SleepWord;
  readonly #bell: MemoryDoorbell;
  readonly #preemption: Preemption;
  #sleeps = 0;

  constructor(clock: ProcessClock, own: SleepWord, bell: MemoryDoorbell, preemption: Preemption) {
    this.clock = clock;
    this.#own = own;
    this.#bell = bell;
    this.#preemption = preemption;
  }

  get asleep(): boolean {
    return Atomics.load(this.#own.words, this.#own.index) !== 0;
  }

  arm(): void {
    this.#sleeps += 1;
    this.preempt();
    Atomics.store(this.#own.words, this.#own.index, this.#sleeps);
    this.preempt();
  }

  disarm(): void {
    Atomics.store(this.#own.words, this.#own.index, 0);
  }

  onRing(callback: () => void): void {
    this.#bell.watch(this.clock, callback);
  }

  keepAlive(keep: boolean): void {
    this.#bell.keepAlive(this.clock, keep);
  }

  /** The thread may lose its processor here, and find the memory otherwise when it goes on. */
  protected preempt(): void {
    this.clock.preempt(this.#preemption.preemptMs());
  }
}
