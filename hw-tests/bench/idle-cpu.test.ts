import { expect, test } from 'vitest';
import { idleCpuPercent, parseTicks } from './idle-cpu.ts';

test('ticks are utime + stime, whatever the command is called', () => {
  const stat = '42 (a ) (b) S 1 42 42 0 -1 4194560 900 0 0 0 17 25 3 4 20 0 11 0 1234 0 0';
  expect(parseTicks(stat)).toBe(17 + 25);
});

test('a process without times is refused', () => {
  expect(() => parseTicks('42 (sh) S 1')).toThrow(/no times/);
});

test('reads this process, and refuses one that is gone', async () => {
  expect(await idleCpuPercent([process.pid], 20)).toBeGreaterThanOrEqual(0);
  await expect(idleCpuPercent([2 ** 30], 1)).rejects.toThrow(/ENOENT/);
});
