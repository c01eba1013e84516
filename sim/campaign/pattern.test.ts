import { describe, expect, test } from 'vitest';
import { numbered, numberIn, pattern } from './pattern.ts';

describe('a pattern', () => {
  test('goes up by its step, modulo 256', () => {
    expect([...pattern(250, 7, 4)]).toEqual([250, 1, 8, 15]);
    expect([...pattern(3_000_000_000, 13, 3)]).toEqual([0, 13, 26]);
    expect(pattern(1, 1, 0)).toEqual(new Uint8Array(0));
  });
});

describe('a number', () => {
  test.each([0, 1, 255, 2 ** 31, 2 ** 32 - 1])('%i is found at the beginning of its pattern', (number) => {
    expect(numberIn(numbered(number, 11, 40))).toBe(number);
    expect(numberIn(numbered(number, 11, 8))).toBe(number);
  });

  test('is in nothing that is too short, or has another complement', () => {
    const payload = numbered(9, 11, 12);
    expect(numberIn(payload.subarray(0, 7))).toBe(-1);
    payload[4] = 9;
    expect(numberIn(payload)).toBe(-1);
  });

  test('is found where the payload does not begin its buffer', () => {
    const place = new Uint8Array(30);
    place.set(numbered(77, 11, 20), 5);
    expect(numberIn(place.subarray(5, 25))).toBe(77);
  });
});
