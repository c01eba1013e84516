import { describe, expect, test } from 'vitest';
import { scaleOptions, watchersOf } from './options.ts';

describe('options', () => {
  test('have defaults, and are taken as they stand', () => {
    expect(scaleOptions([])).toMatchObject({
      sizes: [10, 100, 1000, 10_000],
      leasesPerNode: 10,
      seed: 1,
      out: undefined,
    });
    expect(scaleOptions(['--nodes', '30,10,30', '--message-us', '25'])).toMatchObject({
      sizes: [10, 30],
      messageMs: 0.025,
    });
    expect(scaleOptions(['--help'])).toBeUndefined();
  });

  test.each([
    ['--nodes', ''],
    ['--nodes', '10,,100'],
    ['--nodes', '1'],
    ['--nodes', '100001'],
    ['--nodes', '1e3'],
    ['--leases-per-node', '0'],
    ['--leases-per-node', '2.5'],
    ['--looks', '0'],
    ['--message-us', 'fast'],
    ['--seed', '-1'],
  ])('%s=%s is refused with what is allowed', (name, value) => {
    expect(() => scaleOptions([`${name}=${value}`])).toThrow(RangeError);
    expect(() => scaleOptions([`${name}=${value}`])).toThrow(/whole numbers from \d+ to \d+, not/);
  });

  test('that are none are refused', () => {
    expect(() => scaleOptions(['--node', '10'])).toThrow(TypeError);
    expect(() => scaleOptions(['10'])).toThrow(TypeError);
  });

  test('as many nodes watch as one round of asking allows', () => {
    expect([10, 100, 1000, 100_000].map((nodes) => watchersOf(nodes, 30_000))).toEqual([10, 100, 30, 1]);
  });
});
