import { expect, test } from 'vitest';
import { runProgram } from './test-programs/run.test.support.ts';

test('garbage collection in any order gives everything back, and nothing too early', () => {
  expect(runProgram('gc-orders.mjs', '20')).toEqual({ status: 0, stdout: 'ok 260\n', stderr: '' });
});

test('200 workers load the addon and end in any way and order', () => {
  expect(runProgram('workers.mjs', '200')).toEqual({ status: 0, stdout: 'ok 200\n', stderr: '' });
});

test('200 workers are terminated in the middle of any call', () => {
  const ended = runProgram('workers.mjs', '200', 'terminate while busy');
  expect(ended).toEqual({ status: 0, stdout: 'ok 200\n', stderr: '' });
});

test('workers that wait for ever can be terminated', () => {
  const ended = runProgram('workers.mjs', '8', 'terminate while waiting');
  expect(ended).toEqual({ status: 0, stdout: 'ok 8\n', stderr: '' });
});

test('24 workers look up limits and devices, and end in any way and order', () => {
  expect(runProgram('look-up-workers.mjs', '24')).toEqual({ status: 0, stdout: 'ok 24\n', stderr: '' });
});

test('24 workers do so after the main thread', () => {
  expect(runProgram('look-up-workers.mjs', '24', 'first')).toEqual({ status: 0, stdout: 'ok 24\n', stderr: '' });
});

test.each(['return', 'exit', 'exit in callback', 'exit after close', 'exit with workers'])(
  'a process with live watches ends cleanly: %s',
  (ending) => {
    expect(runProgram('process-end.mjs', ending)).toEqual({ status: 0, stdout: '', stderr: '' });
  },
);
