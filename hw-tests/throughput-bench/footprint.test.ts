import { expect, test } from 'vitest';
import { footprintOf, parseRollup } from './footprint.ts';

const rollup = `55d0-7fff ---p 00000000 00:00 0    [rollup]
Rss:               90000 kB
Pss:               50000 kB
Pss_Anon:          30000 kB
Pss_File:          18000 kB
Pss_Shmem:          2000 kB
`;

test('anonymous and shared memory are told apart, files left out', () => {
  expect(parseRollup(rollup)).toEqual({ privateBytes: 30_000 * 1024, sharedBytes: 2000 * 1024 });
  expect(() => parseRollup('Rss: 1 kB\n')).toThrow(/no Pss_Anon/);
});

test('this process has some, and memory that it takes is seen', () => {
  const before = footprintOf(process.pid, []);
  const taken = Buffer.alloc(64 << 20, 1);
  const after = footprintOf(process.pid, []);
  expect(after.serverBytes - before.serverBytes).toBeGreaterThan(taken.length / 2);
  expect(after.clientBytes).toBe(0);
});
