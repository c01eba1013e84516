// The protocol of slots and of sleeping, in every interleaving that two clients, one server and one crash allow.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { verify } from './spin.ts';

const model = fileURLToPath(new URL('./slot.pml', import.meta.url));
const whole = ['LAST_LOOK_CLIENT', 'LAST_LOOK_SERVER', 'MARK', 'KEEP_SLOT', 'CHECK_ID'] as const;
const without = (...left: readonly string[]) => whole.filter((each) => !left.includes(each));

test('no wake-up is lost, nothing runs twice, no response is taken for another’s', async () => {
  const { errors, states, error } = await verify(model, whole);
  expect([errors, error]).toEqual([0, '']);
  expect(states).toBeGreaterThan(1_000_000);
});

test.each([
  ['a last look before the client sleeps', ['LAST_LOOK_CLIENT'], 'invalid end state'],
  ['a last look before the server sleeps', ['LAST_LOOK_SERVER'], 'invalid end state'],
  ['the mark of a request that is processed', ['MARK'], 'assertion violated (runs['],
  ['keeping the slot of a call that was given up', ['KEEP_SLOT'], 'invalid end state'],
  ['keeping it, and the check of the response’s id', ['KEEP_SLOT', 'CHECK_ID'], 'assertion violated (got==expected)'],
])('it takes %s', async (_what, left, error) => {
  const verdict = await verify(model, without(...left), true);
  expect(verdict.errors).toBe(1);
  expect(verdict.error).toContain(error);
});
