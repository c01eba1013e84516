// How one side of a lease's slots sleeps on this machine: a word says so, and an eventfd wakes it. A busy peer costs no
// system call.
//
// No wake-up is lost, because both sides store before they load, and Atomics are sequentially consistent:
//   sleeper: store own sleeper word = n, load what is waited for; sleeps only if nothing was published.
//   waker:   store what is waited for,   load peer's sleeper word; rings if it is n, and was not rung for n yet.
// Whichever store comes second, its side's load sees the other's store. On x86-64 the atomic store is the fence: the waker's
// load after it is a plain one, which nothing moves before the fence, and a tenth of the price. Elsewhere (arm64) that store
// is a release, which only an atomic load stays behind.
import type { Doorbell } from '#native';
import type { Sleeper } from '../plane.ts';
import type { SleepWord } from '../sleep-word.ts';

const plainLoadsStayBehind = process.arch === 'x64';

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
    const words = this.#words;
    const sleep = plainLoadsStayBehind ? (words[this.#index] as number) : Atomics.load(words, this.#index);
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
