// Garbage collection, workers and processes, ending in any way and order: no crash, and nothing left behind. With the
// sanitized addon too, where `node native/build.mjs --sanitize` has built one.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HomeLease } from '../../sdk/conformance/index.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, type Home, Program, type StartOptions, startHome } from './program.ts';
import { resourcesOf } from './resources.ts';
import { settled } from './settled.ts';

const runtimeDirectory = privateRuntimeDirectory();
endProgramsAfterEach();

const endings = {
  0: [
    'return with live leases',
    'return after release',
    'return after a call was given up',
    'return after calls that callSync has finished',
    'return after serving',
    'return with a service published',
    'return when the pending call is answered',
    'return when its lease ends under a pending call',
    'exit while serving, with calls pending',
    'exit in a handler',
    'exit when a lease ends',
    'exit in the turn after callSync',
  ],
  1: ['throw with everything under way'],
  SIGTERM: ['SIGTERM with everything under way'],
} as const;

async function served(home: Home): Promise<HomeLease> {
  const lease = await home.driver.acquire();
  await lease.serve();
  return lease;
}

/** A report of a sanitizer, or of V8, is on stderr; nothing of ours writes there but `throw`. */
function expectNoReport(stderr: string): void {
  expect(stderr).not.toMatch(/Sanitizer|runtime error|FATAL|Check failed|Segmentation/);
}

async function expectDone(program: Program, count: number): Promise<void> {
  expect(await program.hear('done')).toMatchObject({ count });
  const ended = await program.ended;
  expect(ended.status).toBe(0);
  expectNoReport(ended.stderr);
}

/** Runs every ending so many times, two processes at a time, and looks at what the home has left. */
async function runEndings(times: number, options: StartOptions): Promise<number> {
  const home = await startHome();
  const leases = [await served(home), await served(home)];
  const before = resourcesOf(home.pid);
  const tasks = Object.entries(endings).flatMap(([status, names]) =>
    names.flatMap((name) => Array.from({ length: times }, () => ({ name, status }))),
  );
  let next = 0;
  const lane = async (lease: HomeLease) => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
      const program = new Program('hw-tests/programs/lifetime-end', [task.name, lease.url], options);
      const { status, stderr } = await program.ended;
      expect(`${task.name}: ${status}`).toBe(`${task.name}: ${task.status}`);
      if (task.status !== '1') expect(stderr).toBe('');
      expectNoReport(stderr);
    }
  };
  await Promise.all(leases.map(lane));
  await settled(() => expect(resourcesOf(home.pid).sockets).toBe(before.sockets));
  return tasks.length;
}

async function runWorkers(count: number, options: StartOptions): Promise<void> {
  const home = await startHome();
  const leases = await Promise.all(Array.from({ length: 3 }, () => served(home)));
  const args = [String(count), ...leases.map(({ url }) => url)];
  await expectDone(new Program('hw-tests/programs/lifetime-workers', args, options), count);
}

async function runCollections(times: number, options: StartOptions): Promise<void> {
  await expectDone(new Program('hw-tests/programs/lifetime-gc', [String(times)], options), times * 15);
}

/** What agents that had no time to say goodbye left is gone once somebody sweeps. */
async function expectSweptDirectory(): Promise<void> {
  const sweeper = await startHome();
  await sweeper.driver.acquire();
  // The sweeper's own, and that of the home that all of them called.
  expect(readdirSync(join(runtimeDirectory, 'agents'))).toHaveLength(2);
}

const addons: readonly (readonly [title: string, options: StartOptions, share: number])[] = [
  ['', { flags: ['--expose-gc'] }, 1],
  ...sanitized(),
];

/** The sanitized addon, with fewer repetitions: each takes longer. */
function sanitized(): (readonly [string, StartOptions, number])[] {
  if (!existsSync(join(import.meta.dirname, '../../native/build/Debug/leasewire.node'))) return [];
  const library = (file: string) => execFileSync('g++', [`-print-file-name=${file}`], { encoding: 'utf8' }).trim();
  const env = {
    LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
    // Node itself leaks at exit by design; what must not leak these programs count themselves.
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  return [[' (sanitized)', { flags: ['--conditions=leasewire-sanitize', '--expose-gc'], env }, 0.15]];
}

describe.each(addons)('lifetimes%s', (_title, options, share) => {
  const repeat = (times: number) => Math.ceil(times * share);

  test(`${repeat(45) * 15} collections in every order`, async () => {
    await runCollections(repeat(45), options);
  });

  test(`${repeat(240)} workers that end in every way`, async () => {
    await runWorkers(repeat(240), options);
  });

  test(`processes that end in every way, ${repeat(5)} times each`, async () => {
    console.log(`${await runEndings(repeat(5), options)} processes ended`);
    await expectSweptDirectory();
  });
});
