import { expect, test } from 'vitest';
import { type Command, formatCommand, parseCommand } from './command.ts';

const commands: readonly Command[] = [
  { verb: 'clock' },
  { verb: 'warm', bytes: 64, durationMs: 20 },
  { verb: 'round', order: { bytes: 8, batches: 1, singles: 2, untimed: 3 } },
  { verb: 'idle', bytes: 64, waitMs: 1000 },
];

test.each(commands)('$verb is read as it was written', (command) => {
  expect(parseCommand(formatCommand(command))).toEqual(command);
});

test.each(['', 'clock 1', 'warm 64', 'warm 64 x', 'round 1 2 3', 'sleep 1 2'])('%j is refused', (line) => {
  expect(() => parseCommand(line)).toThrow(/no command of the bench/);
});
