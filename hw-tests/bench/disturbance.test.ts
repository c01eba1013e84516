import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { benchTicks, DisturbanceMeter, parseCpuTicks } from './disturbance.ts';

test('busy is neither idle nor waiting nor stolen', () => {
  const stat = 'cpu  1 2 4 1000 2000 8 16 5 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
  expect(parseCpuTicks(stat)).toEqual({ busy: 31, steal: 5 });
});

test('reads this machine', () => {
  const { othersCpuPercent, stealPercent } = new DisturbanceMeter([]).read();
  expect(othersCpuPercent).toBeGreaterThanOrEqual(0);
  expect(stealPercent).toBeGreaterThanOrEqual(0);
});

test('what an ended child has used is still the bench’s', async () => {
  const spin =
    'const end = Date.now() + 200; while (Date.now() < end); process.stdin.once("end", () => process.exit());';
  const child = spawn(process.execPath, ['-e', `${spin} console.log(); process.stdin.resume()`]);
  const pids = child.pid === undefined ? [] : [child.pid];
  await once(child.stdout, 'data');
  const [without, whileAlive] = [benchTicks([]), benchTicks(pids)];
  expect(whileAlive).toBeGreaterThan(without);
  child.stdin.end();
  await once(child, 'exit');
  expect(benchTicks(pids)).toBeGreaterThanOrEqual(whileAlive);
});
