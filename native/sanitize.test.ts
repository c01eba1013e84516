// The programs of lifetime.test.ts under AddressSanitizer and UndefinedBehaviorSanitizer: about a thousand ends.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runSanitized } from './test-programs/run.test.support.ts';

const folder = import.meta.dirname;

beforeAll(() => {
  execFileSync(process.execPath, [join(folder, 'build.mjs'), '--sanitize'], { stdio: 'ignore' });
}, 600_000);

test('the build under test is the instrumented one', () => {
  const addon = join(folder, 'build', 'Debug', 'leasewire.node');
  const { stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('ASan runtime does not come first');
});

test('780 objects dropped and closed in every order', () => {
  expect(runSanitized('gc-orders.mjs', '60')).toEqual({ status: 0, stdout: 'ok 780\n', stderr: '' });
});

test('240 workers that end in every way', () => {
  expect(runSanitized('workers.mjs', '240')).toEqual({ status: 0, stdout: 'ok 240\n', stderr: '' });
});

test.each(['return', 'exit', 'exit in callback', 'exit after close', 'exit with workers'])(
  'processes that end with live watches: %s',
  (ending) => {
    for (let i = 0; i < 6; i++) {
      expect(runSanitized('process-end.mjs', ending)).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  },
);
