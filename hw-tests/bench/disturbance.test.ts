import { expect, test } from 'vitest';
import { DisturbanceMeter, parseCpuTicks } from './disturbance.ts';

test('busy is neither idle nor waiting nor stolen', () => {
  const stat = 'cpu  1 2 4 1000 2000 8 16 5 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
  expect(parseCpuTicks(stat)).toEqual({ busy: 31, steal: 5 });
});

test('reads this machine', () => {
  const { othersCpuPercent, stealPercent } = new DisturbanceMeter([process.pid]).read();
  expect(othersCpuPercent).toBeGreaterThanOrEqual(0);
  expect(stealPercent).toBeGreaterThanOrEqual(0);
});
