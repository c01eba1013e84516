import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharesOf } from './fleet.ts';

test('clients are spread evenly, the first processes first', () => {
  expect(sharesOf(1, 4)).toEqual([1, 0, 0, 0]);
  expect(sharesOf(6, 4)).toEqual([2, 2, 1, 1]);
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 16 }), (total, ways) => {
      const shares = sharesOf(total, ways);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }),
  );
});
