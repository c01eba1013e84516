import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

test('draws what sfc32 draws: PractRand seeds it as (0, seed low, seed high, 1) and drops twelve', () => {
  const state = [0, 7, 3, 1];
  const reference = () => {
    const [a, b, c, counter] = state as [number, number, number, number];
    const drawn = (a + b + counter) >>> 0;
    state[3] = (counter + 1) >>> 0;
    state[0] = (b ^ (b >>> 9)) >>> 0;
    state[1] = (c + ((c << 3) >>> 0)) >>> 0;
    state[2] = ((((c << 21) | (c >>> 11)) >>> 0) + drawn) >>> 0;
    return drawn;
  };
  for (let i = 0; i < 12; i++) reference();
  const random = new SeededRandom(3 * 2 ** 32 + 7);
  for (let i = 0; i < 1000; i++) expect(random.uint32()).toBe(reference());
});

test('the same seed draws the same, and a fork leaves it be', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (seed) => {
      const one = new SeededRandom(seed);
      const two = new SeededRandom(seed);
      const forks = [one.fork(), two.fork()] as const;
      for (let i = 0; i < 100; i++) forks[0].unit();
      expect(one.bytes(16)).toEqual(two.bytes(16));
      expect(forks[0].unit()).not.toBe(forks[1].unit());
    }),
  );
});

test('different seeds draw differently, and units fill [0, 1) evenly', () => {
  expect(new SeededRandom(1).bytes(16)).not.toEqual(new SeededRandom(2).bytes(16));
  const tenths = new Array<number>(10).fill(0);
  const random = new SeededRandom(42);
  for (let i = 0; i < 10_000; i++) {
    const index = Math.floor(random.unit() * 10);
    tenths[index] = (tenths[index] ?? 0) + 1;
  }
  for (const count of tenths) expect(count).toBeGreaterThan(850);
  expect(tenths).toHaveLength(10);
});
