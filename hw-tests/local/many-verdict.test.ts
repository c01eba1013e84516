// The judge of the test with many clients finds what it is there to find.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CallFate, ClientHistory, ServerHistory } from '../programs/many-history.ts';
import { judge, type Verdict } from './many-verdict.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leasewire-verdict-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Told = readonly [number: number, fate: CallFate, mayHaveExecuted?: boolean];

/** Of client 7, which was let finish but for so many calls; `executed` are numbers of its calls. */
function judged(told: readonly Told[], executed: readonly number[], unsettledMax = 0, tag = 7): Verdict {
  const server = new ServerHistory(join(folder, 'server'));
  for (const number of executed) server.note(tag, number);
  server.flush();
  const history = join(folder, 'client');
  const client = new ClientHistory(history);
  for (const [number, fate, mayHaveExecuted = true] of told) client.note(number, fate, mayHaveExecuted);
  return judge(join(folder, 'server'), [{ tag: 7, history, unsettledMax }]);
}

test('what went as it should is counted by its fate', () => {
  const told: Told[] = [1, 2, 3, 4, 5].map((number) => [number, 'begun']);
  told.push([2, 'answered'], [1, 'refused'], [3, 'deadline'], [4, 'cancelled'], [5, 'cancelled', false]);
  expect(judged(told, [1, 2, 3])).toEqual({
    calls: 5,
    executed: 3,
    fates: {
      answered: 1,
      refused: 1,
      'deadline, executed': 1,
      'cancelled, not executed': 1,
      'cancelled, certainly not executed': 1,
    },
    faults: [],
  });
});

test.each<[what: string, told: Told[], executed: number[]]>([
  [
    'was executed 2 times',
    [
      [1, 'begun'],
      [1, 'deadline'],
    ],
    [1, 1],
  ],
  [
    '(answered) was executed 0 times, not 1',
    [
      [1, 'begun'],
      [1, 'answered'],
    ],
    [],
  ],
  [
    '(refused) was executed 0 times, not 1',
    [
      [1, 'begun'],
      [1, 'refused'],
    ],
    [],
  ],
  [
    '(cancelled) was executed 1 times, not 0',
    [
      [1, 'begun'],
      [1, 'cancelled', false],
    ],
    [1],
  ],
  [
    'had a wrong answer',
    [
      [1, 'begun'],
      [1, 'wrong answer'],
    ],
    [1],
  ],
  [
    'had a strange error',
    [
      [1, 'begun'],
      [1, 'strange error'],
    ],
    [1],
  ],
  [
    'was answered without having been under way',
    [
      [1, 'begun'],
      [1, 'answered'],
      [1, 'answered'],
    ],
    [1],
  ],
  ['was executed, and never begun: 0 were', [], [1]],
  ['and others, 1 in all, have no outcome', [[1, 'begun']], [1]],
])('a call that %s', (what, told, executed) => {
  expect(judged(told, executed).faults).toEqual([`call 1 of client 7 ${what}`]);
});

test('one that was killed may leave some calls without outcome, executed or not', () => {
  const told: Told[] = [1, 2].map((number) => [number, 'begun']);
  expect(judged(told, [2], 2)).toMatchObject({
    calls: 2,
    fates: { 'killed, executed': 1, 'killed, not executed': 1 },
    faults: [],
  });
});

test('calls of a client that there was none of', () => {
  expect(judged([], [1], 0, 8).faults).toEqual(['calls of client 8, which there was none of, were executed']);
});
