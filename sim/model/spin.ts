// Runs spin on a model: it writes a program that goes through every state, which is compiled and run here.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Verdict {
  readonly errors: number;
  readonly states: number;
  /** What the first error is, if there is one. */
  readonly error: string;
}

const run = promisify(execFile);
const depthMax = 100_000;
const outputBytesMax: number = 2 ** 24;

/**
 * `defines`: macros that are set, as `NAME` or `NAME=value`. `small`: few states are expected, fewer than it pays to compile
 * well for. Rejects where spin or a C compiler is missing.
 */
export async function verify(model: string, defines: readonly string[], small = false): Promise<Verdict> {
  const cwd = await mkdtemp(join(tmpdir(), 'leasewire-spin-'));
  try {
    await run('spin', [...defines.map((name) => `-D${name}`), '-a', model], { cwd });
    await run('gcc', [small ? '-O0' : '-O2', '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c'], { cwd });
    const { stdout } = await run('./pan', [`-m${depthMax}`], { cwd, maxBuffer: outputBytesMax });
    return verdictOf(stdout);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function verdictOf(output: string): Verdict {
  const errors = /errors: (\d+)/.exec(output)?.[1];
  const states = /(\d+) states, stored/.exec(output)?.[1];
  if (errors === undefined || states === undefined) throw new Error(`spin said nothing of errors:\n${output}`);
  if (/max search depth too small|out of memory/.test(output)) throw new Error(`spin gave up:\n${output}`);
  return { errors: Number(errors), states: Number(states), error: /pan:1: (.*?) \(at depth/.exec(output)?.[1] ?? '' };
}
