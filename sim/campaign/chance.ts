// Draws in the shapes that plans and workloads need. Only arithmetic that every engine does alike: no powers, no
// logarithms.
import { SeededRandom } from '../seeded-random.ts';

export class Chance {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  static of(seed: number): Chance {
    return new Chance(new SeededRandom(seed));
  }

  /** One of its own: what it draws changes nothing here. */
  fork(): Chance {
    return new Chance(this.#random.fork());
  }

  unit(): number {
    return this.#random.unit();
  }

  /** True so often: `share` in 0 … 1. */
  happens(share: number): boolean {
    return this.#random.unit() < share;
  }

  /** Uniform in min … max, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.#random.unit() * (max - min + 1));
  }

  between(min: number, max: number): number {
    return min + this.#random.unit() * (max - min);
  }

  /** In min … max, each doubling as likely as any other. */
  octaves(min: number, max: number): number {
    let count = 1;
    for (let reach = min * 2; reach < max; reach *= 2) count += 1;
    let from = min;
    for (let octave = this.integer(0, count - 1); octave > 0; octave--) from *= 2;
    return Math.min(max, from * (1 + this.#random.unit()));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random.unit() * choices.length)] as T;
  }
}
