import { describe, expect, test } from 'vitest';
import { UsageError } from '../bench/options.ts';
import { benchNames } from './names.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  test('defaults', () => {
    expect(parseOptions([])).toEqual({
      rounds: 3,
      sizes: [8, 64, 1024, 4096, 32_768],
      names: benchNames,
      quick: false,
      jsonFile: undefined,
      htmlFile: undefined,
      help: false,
    });
  });

  test('reads every option', () => {
    const argv = '--rounds 2 --sizes 2,32768 --only ib_write_lat,tcp-echo --json a.json --html b.html --quick';
    expect(parseOptions(argv.split(' '))).toEqual({
      rounds: 2,
      sizes: [2, 32_768],
      names: ['ib_write_lat', 'tcp-echo'],
      quick: true,
      jsonFile: 'a.json',
      htmlFile: 'b.html',
      help: false,
    });
  });

  test.each([
    [['--rounds', '0'], /--rounds: '0' is not an integer from 1 to 1000/],
    [['--sizes', '32769'], /--sizes: '32769' is not an integer from 1 to 32768/],
    [['--sizes', '8,8'], /--sizes: '8' is named twice/],
    [['--only', 'ib_send_lat'], /--only: no contender 'ib_send_lat', there are ib_write_lat/],
    [['--only', 'zeromq'], /no contender 'zeromq'/],
    [['--only', 'tcp-echo,tcp-echo'], /--only: 'tcp-echo' is named twice/],
    [['--fast'], /--fast/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
