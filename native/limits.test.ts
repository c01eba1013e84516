import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pageBytes, processLimits, resourceLimits } from './index.ts';

function shell(command: string): string {
  return execFileSync('bash', ['-c', command], { encoding: 'utf8' }).trim();
}

function limitFromShell(option: string): number {
  const text = shell(`ulimit ${option}`);
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Sets this process's own soft limit of locked memory; false if that is not permitted. */
function setLockedBytesMax(limit: string): boolean {
  return shell(`prlimit --pid ${process.pid} --memlock=${limit} 2>&1 || true`) === '';
}

test('limits are those that a child inherits', () => {
  const limits = resourceLimits();
  expect(limits.openFilesMax).toBe(limitFromShell('-Sn'));
  expect(limits.openFilesHard).toBe(limitFromShell('-Hn'));
  expect(limits.lockedBytesMax).toBe(limitFromShell('-Sl') * 1024);
});

test('they are read anew each time', () => {
  const before = resourceLimits().lockedBytesMax;
  expect(setLockedBytesMax('65536:')).toBe(true);
  expect(resourceLimits().lockedBytesMax).toBe(65536);
  setLockedBytesMax(Number.isFinite(before) ? `${before}:` : 'unlimited:');
  expect(resourceLimits().lockedBytesMax).toBe(before);
});

test('no limit is Infinity', (context) => {
  // Only a privileged user may raise a hard limit.
  if (!setLockedBytesMax('unlimited')) context.skip('this user can not lift the limit');
  expect(resourceLimits().lockedBytesMax).toBe(Number.POSITIVE_INFINITY);
});

test('the limits of the process are told by what needs no descriptor', () => {
  const { openFilesMax, openFilesHard, lockedBytesMax } = resourceLimits();
  expect(processLimits()).toEqual({ pageBytes: pageBytes(), openFilesMax, openFilesHard, lockedBytesMax });
});

test('mappings and huge pages are those of /proc', () => {
  const limits = resourceLimits();
  expect(limits.mappingsMax).toBe(Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8')));
  expect(limits.hugePageBytes % pageBytes()).toBe(0);
  expect(limits.hugePagesFree).toBeGreaterThanOrEqual(0);
});

test('a page has the size that getconf says', () => {
  expect(pageBytes()).toBe(Number(shell('getconf PAGESIZE')));
});
