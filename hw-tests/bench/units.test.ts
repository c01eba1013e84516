import { expect, test } from 'vitest';
import { counts, durations, format, formatBytes, formatRange, ratios } from './units.ts';

test.each([
  [0.25, '0.25 ns'],
  [131.4, '131 ns'],
  [999.4, '999 ns'],
  [999.7, '1 µs'],
  [12_345, '12.3 µs'],
  [4_560_000, '4.56 ms'],
  [2e9, '2 s'],
])('%d ns reads %s', (ns, text) => {
  expect(format(ns, durations)).toBe(text);
});

test('counts and ratios', () => {
  expect(format(744, counts)).toBe('744');
  expect(format(45_678, counts)).toBe('45.7 k');
  expect(format(9_140_000, counts)).toBe('9.14 M');
  expect(format(1.234, ratios)).toBe('1.23x');
  expect(format(1234.5, ratios)).toBe('1235x');
});

test('a range is in the unit of its value', () => {
  expect(formatRange({ min: 980, max: 12_345 }, 5000, durations)).toBe('(0.98..12.3)');
});

test('bytes', () => {
  expect([8, 1024, 16_384, 32_751].map(formatBytes)).toEqual(['8 B', '1 KiB', '16 KiB', '32751 B']);
});
