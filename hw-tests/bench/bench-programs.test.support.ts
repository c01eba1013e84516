// Runs a compiled bench in tests, with a temporary directory of its own, so that a test sees what is left there.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from 'vitest';
import { childProgram } from './project.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly bench: ChildProcess;
  /** The pids of its processes, in the order in which it started them. */
  readonly children: readonly string[];
  readonly stderr: Promise<string>;
}

export interface BenchPrograms {
  /** For reports. */
  readonly scratch: string;
  /** Where the bench makes its temporary directories. */
  readonly tmp: string;
  readonly run: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Outcome>;
  /** Resolves once its first line is on stderr: its contenders are open then. */
  readonly start: (args: readonly string[]) => Promise<Started>;
}

export function benchPrograms(folder: 'bench' | 'throughput-bench'): BenchPrograms {
  const program = childProgram('bench', folder);
  // Short: below it are sockets, whose paths have at most 107 bytes.
  const scratch = mkdtempSync(join(tmpdir(), 'lw-'));
  const tmp = join(scratch, 'tmp');
  mkdirSync(tmp);
  const env = { ...process.env, TMPDIR: tmp };
  const started: ChildProcess[] = [];
  beforeAll(() => {
    if (!existsSync(program)) throw new Error(`${program} is not compiled: run npm test, or tsc`);
  });
  afterAll(() => {
    for (const bench of started) bench.kill('SIGKILL');
    rmSync(scratch, { recursive: true, force: true });
  });
  const start = async (args: readonly string[]) => {
    const bench = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    started.push(bench);
    const stderr = text(bench.stderr);
    await once(bench.stderr, 'data');
    return { bench, children: childrenOf(bench.pid), stderr };
  };
  return { scratch, tmp, start, run: (args, more) => run(program, args, { ...env, ...more }) };
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function childrenOf(pid: number | undefined): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
}

/** A killed child may linger as a zombie until its new parent looks. */
export function isRunning(pid: string): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
