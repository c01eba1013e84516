// Randomness that can be drawn again: sfc32 (Chris Doty-Humphrey's Small Fast Counter, of PractRand), from a seed.
import type { Random } from '#bridge';

const warmUpDraws = 12;

export class SeededRandom implements Random {
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed`: any integer; its low 64 bits, or 53 of them, count. */
  constructor(seed: number) {
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    for (let i = 0; i < warmUpDraws; i++) this.uint32();
  }

  /** Uniform in 0 … 2^32 - 1. */
  uint32(): number {
    const drawn = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  }

  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  bytes(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => this.uint32() >>> 24);
  }

  /** A generator of its own, drawn from this one: what it draws changes nothing here. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32() + (this.uint32() >>> 11) * 2 ** 32);
  }
}
