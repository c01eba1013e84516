import { expect, test } from 'vitest';
import { CapacityExceeded } from '../errors.ts';
import { greetedMax } from '../limits.ts';
import { Guests } from './guests.ts';

function guestsOf(count: number): { guests: Guests; present: object[] } {
  const guests = new Guests(greetedMax);
  const present = Array.from({ length: count }, () => ({}));
  for (const each of present) guests.enter(each);
  return { guests, present };
}

test('one too many is refused with the limit, and changes nothing for the others', () => {
  const { guests, present } = guestsOf(greetedMax);
  expect(() => guests.enter({})).toThrow(CapacityExceeded);
  expect(() => guests.enter({})).toThrow(`${greetedMax}`);
  for (const each of present) guests.enter(each);
});

test('whoever leaves makes room for one, however often', () => {
  const { guests, present } = guestsOf(greetedMax);
  guests.leave(present[0] as object);
  guests.leave(present[0] as object);
  guests.leave({});
  guests.enter({});
  expect(() => guests.enter({})).toThrow(CapacityExceeded);
});
