import { describe, expect, test } from 'vitest';
import { contenderNames } from './names.ts';
import { parseOptions, STDOUT, UsageError } from './options.ts';

describe('parseOptions', () => {
  test('defaults', () => {
    expect(parseOptions([])).toEqual({
      rounds: 5,
      payloadBytes: [8, 64, 1024, 16_384, 32_751],
      names: contenderNames,
      quick: false,
      jsonFile: undefined,
      htmlFile: undefined,
      help: false,
    });
  });

  test('reads every option', () => {
    const argv = '--rounds 3 --sizes 8,64 --only floor-c,zeromq --json a.json --html b.html --quick'.split(' ');
    expect(parseOptions(argv)).toEqual({
      rounds: 3,
      payloadBytes: [8, 64],
      names: ['floor-c', 'zeromq'],
      quick: true,
      jsonFile: 'a.json',
      htmlFile: 'b.html',
      help: false,
    });
  });

  test.each([[['--json']], [['--json', '--quick']], [['--json', '-']], [['--json=-']]])(
    '%j writes to stdout',
    (argv) => {
      expect(parseOptions(argv).jsonFile).toBe(STDOUT);
    },
  );

  test.each([
    [['--rounds', '0'], /--rounds: '0' is not an integer from 1 to 1000/],
    [['--rounds', '1.5'], /--rounds: '1.5'/],
    [['--rounds='], /--rounds: ''/],
    [['--sizes', '8,,64'], /--sizes: ''/],
    [['--sizes', '32768'], /--sizes: '32768' is not an integer from 1 to 32751/],
    [['--sizes', '8,8'], /--sizes: '8' is named twice/],
    [['--only', 'gRPC'], /--only: no contender 'gRPC', there are floor-c/],
    [['--html'], /--html/],
    [['--fast'], /--fast/],
    [['stray'], /stray/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
