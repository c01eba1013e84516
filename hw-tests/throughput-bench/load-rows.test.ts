import { expect, test } from 'vitest';
import { cellsOf } from './load-rows.ts';

test('few of many call where most are attached, with as many in flight as the few alone have', () => {
  expect(cellsOf([8, 64])).toEqual([
    { clients: 8, inFlight: 1 },
    { clients: 64, inFlight: 1 },
    { clients: 8, inFlight: 8 },
    { clients: 64, inFlight: 8 },
    { clients: 64, active: 8, inFlight: 8 },
    { clients: 8, inFlight: 64 },
    { clients: 64, inFlight: 64 },
  ]);
});

test('few of few are not measured twice', () => {
  expect(cellsOf([1, 8]).some(({ active }) => active !== undefined)).toBe(false);
});
