import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue, type PlannedEvent } from './event-queue.ts';

type Step = { readonly dueMs: number } | 'take' | { readonly removed: number };

const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ dueMs: fc.integer({ min: 0, max: 8 }) }),
  fc.constant('take'),
  fc.record({ removed: fc.nat({ max: 40 }) }),
);

const inOrder = (a: PlannedEvent, b: PlannedEvent) => a.dueMs - b.dueMs || a.sequence - b.sequence;

test('gives events in the order of their time, then of their planning, whatever is removed in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new EventQueue();
      const planned: PlannedEvent[] = [];
      let expected: PlannedEvent[] = [];
      for (const each of steps) {
        if (each === 'take') expect(queue.take()).toBe(expected.shift());
        else if ('dueMs' in each) {
          const event = queue.add(each.dueMs, () => undefined);
          planned.push(event);
          expected = [...expected, event].sort(inOrder);
        } else {
          // Also what was taken or removed before, which changes nothing.
          const event = planned[each.removed];
          if (event === undefined) continue;
          queue.remove(event);
          expected = expected.filter((other) => other !== event);
        }
        expect([queue.length, queue.nextDueMs]).toEqual([expected.length, expected[0]?.dueMs ?? Infinity]);
      }
      while (expected.length > 0) expect(queue.take()).toBe(expected.shift());
    }),
  );
});
