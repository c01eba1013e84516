import { describe, expect, test } from 'vitest';
import { UsageError } from '../bench/options.ts';
import { contenderNames, rowNames } from './names.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  test('defaults', () => {
    expect(parseOptions([])).toEqual({
      rounds: 5,
      rows: rowNames,
      clients: [1, 8, 64, 256, 1024],
      names: contenderNames,
      quick: false,
      jsonFile: undefined,
      htmlFile: undefined,
      help: false,
    });
  });

  test('a quick look is at one round of few clients', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, clients: [1, 16], quick: true });
  });

  test('reads every option; clients are attached in ascending order', () => {
    const argv = '--rounds 2 --rows queue,calls --clients 64,8 --only zeromq --html a.html'.split(' ');
    expect(parseOptions(argv)).toMatchObject({
      rounds: 2,
      rows: ['queue', 'calls'],
      clients: [8, 64],
      names: ['zeromq'],
      htmlFile: 'a.html',
    });
  });

  test.each([
    [['--rows', 'idle'], /--rows: no row 'idle', there are calls, memory/],
    [['--rows', 'calls,calls'], /--rows: 'calls' is named twice/],
    [['--clients', '0'], /--clients: '0' is not an integer from 1 to 4096/],
    [['--clients', '8,4097'], /--clients: '4097'/],
    [['--only', 'floor-c'], /--only: no contender 'floor-c', there are leasewire/],
    [['--sizes', '8'], /--sizes/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
