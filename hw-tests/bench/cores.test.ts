import { expect, test } from 'vitest';
import { parseCpuList } from './cores.ts';

test.each([
  ['0-1', [0, 1]],
  ['0-2,5\n', [0, 1, 2, 5]],
  ['7', [7]],
  ['', []],
])('%j lists %j', (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus);
});
