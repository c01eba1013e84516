import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SlotRange } from '../plane/slot-board.ts';
import { SlotTable } from './slot-table.ts';

describe('slots', () => {
  test('lie side by side, are nobody else’s, and are refused only where none lie so', () => {
    const step = fc.oneof(fc.record({ assign: fc.integer({ min: 1, max: 9 }) }), fc.record({ release: fc.nat(30) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 60 }), (slotCount, steps) => {
        const table = new SlotTable(slotCount);
        const owners: (number | undefined)[] = new Array(slotCount).fill(undefined);
        const held = new Map<number, SlotRange>();
        for (const [session, each] of steps.entries()) {
          if ('release' in each) {
            const [key, range] = [...held][each.release % Math.max(held.size, 1)] ?? [];
            if (key === undefined || range === undefined) continue;
            table.release(range);
            held.delete(key);
            owners.fill(undefined, range.first, range.first + range.count);
            expect(table.sessionOf(range.client)).toBeUndefined();
            continue;
          }
          const range = table.assign(each.assign, session);
          const isFree = (from: number) => owners.slice(from, from + each.assign).every((owner) => owner === undefined);
          const places = Array.from({ length: Math.max(slotCount - each.assign + 1, 0) }, (_, from) => from);
          if (range === undefined) expect(places.some(isFree)).toBe(false);
          else {
            expect([range.count, isFree(range.first)]).toEqual([each.assign, true]);
            expect(range.client).toBeLessThanOrEqual(held.size);
            expect(table.sessionOf(range.client)).toBe(session);
            owners.fill(session, range.first, range.first + range.count);
            held.set(session, range);
          }
          expect(table.free).toBe(owners.filter((owner) => owner === undefined).length);
        }
      }),
    );
  });

  test('of clients that have as many each leave no gap that is too small', () => {
    const table = new SlotTable(64);
    const small = table.assign(1, 0) as SlotRange;
    const large = [1, 2, 3].map((session) => table.assign(16, session));
    expect(large.map((range) => range?.first)).toEqual([16, 32, 48]);
    table.release(small);
    expect(table.assign(16, 4)?.first).toBe(0);
  });
});
