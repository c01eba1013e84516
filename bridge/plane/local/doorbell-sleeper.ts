// How one side of a lease's slots sleeps on this machine: a word says so, and an eventfd wakes it. A busy peer costs no
// system call.
//
// No wake-up is lost, because both sides store before they load, and Atomics are sequentially consistent:
//   sleeper: store own sleeper word = n, load what is waited for; sleeps only if nothing was published.
//   waker:   store what is waited for,   load peer's sleeper word; rings if it is n, and was not rung for n yet.
// Whichever store comes second, its side's load sees the other's store. The atomic store is the fence; the waker's load
// after it is a plain one, which nothing moves before the fence, and a tenth of the price.
import type { Doorbell } from '#native';
import { clientSleepsWord } from '../../lease/control-page.ts';
import type { Sleeper, Window } from '../plane.ts';
import type { SlotBoard, SlotRange } from '../slot-board.ts';

/** A word that is not 0 while its owner sleeps, and another number each time. */
export interface SleepWord {
  readonly words: Int32Array;
  readonly index: number;
}

/** Rings a sleeper's doorbell, once for each of its sleeps. */
export class Waker {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #bell: Doorbell;
  #rungFor = 0;

  constructor({ words, index }: SleepWord, bell: Doorbell) {
    this.#words = words;
    this.#index = index;
    this.#bell = bell;
  }

  /** After publishing. True if the peer sleeps. */
  wake(): boolean {
    const sleep = this.#words[this.#index] as number;
    if (sleep === 0) return false;
    if (sleep !== this.#rungFor) {
      this.#rungFor = sleep;
      this.#bell.ring();
    }
    return true;
  }
}

export abstract class DoorbellSleeper implements Sleeper {
  abstract readonly spinMsMax: number;
  readonly #own: SleepWord;
  readonly #bell: Doorbell;
  #sleeps = 0;

  constructor(own: SleepWord, bell: Doorbell) {
    this.#own = own;
    this.#bell = bell;
  }

  arm(): void {
    this.#sleeps = (this.#sleeps + 1) & 0x7fffffff || 1;
    Atomics.store(this.#own.words, this.#own.index, this.#sleeps);
  }

  disarm(): void {
    Atomics.store(this.#own.words, this.#own.index, 0);
  }

  onRing(callback: () => void): void {
    this.#bell.watch(() => {
      this.#bell.drain();
      callback();
    });
  }

  keepAlive(keep: boolean): void {
    if (this.#bell.closed) return;
    if (keep) this.#bell.ref();
    else this.#bell.unref();
  }
}

/** Where the client of these slots says that it sleeps. */
export function clientSleeps({ control }: Window, board: SlotBoard | undefined, slots: SlotRange): SleepWord {
  if (board === undefined) return { words: control.words, index: clientSleepsWord };
  return { words: board.words, index: board.sleepsWord(slots) };
}

/** The arena as words: for the low halves of indices. */
export function arenaWords({ arena }: Window): Int32Array {
  return new Int32Array(arena.buffer, 0, arena.length >>> 2);
}
