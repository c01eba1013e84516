// A child process that a test started: one of hw-tests/programs, or any that prints JSON lines. Ended with its test.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { HomeDriver } from '../../sdk/conformance/index.ts';
import { compiled } from './place.ts';

/** Far beyond what anything takes that is waited for: only a hang reaches it. */
const hearMsMax = 100_000;
const stderrCharsMax = 20_000;

/** What a program said. */
export type Said = Readonly<Record<string, unknown>> & { readonly event: string };

export interface Ended {
  /** Exit status, or the name of the signal that ended the process. */
  readonly status: number | string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Flags of Node itself, such as `--expose-gc`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Runs before the program in its process, such as `ulimit -n 100`. */
  readonly shell?: string;
}

interface Hearer {
  readonly event: string;
  readonly resolve: (said: Said) => void;
  readonly reject: (error: Error) => void;
}

export class Program {
  readonly ended: Promise<Ended>;
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #said: Said[] = [];
  readonly #hearers: Hearer[] = [];
  #stderr = '';
  #status: number | string | undefined;

  /** Starts a compiled program, by its path in the source tree without suffix. */
  constructor(path: string, args: readonly string[] = [], options: StartOptions = {}) {
    this.#name = path;
    this.#child = start(path, args, options);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrCharsMax);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve(this.#end(code ?? signal ?? 'unknown')));
    });
    running.add(this);
    void this.ended.then(() => running.delete(this));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} could not be started`);
    return this.#child.pid;
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The program takes this as the end of its test. */
  hangUp(): void {
    this.#child.stdin.end();
  }

  /** The earliest event of that name which was not heard yet. Rejects if the program ends without, or hangs. */
  async hear(event: string, msMax: number = hearMsMax): Promise<Said> {
    const index = this.#said.findIndex((said) => said.event === event);
    const early = index < 0 ? undefined : this.#said.splice(index, 1)[0];
    if (early !== undefined) return early;
    if (this.#status !== undefined) throw this.#silence(event);
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${this.#name} did not say ${event} in ${msMax} ms\n${this.#stderr}`));
      const watchdog = setTimeout(late, msMax);
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(watchdog);
          settle(value);
        };
      };
      this.#hearers.push({ event, resolve: settled(resolve), reject: settled(reject) });
    });
  }

  signal(name: NodeJS.Signals): void {
    if (this.#status === undefined) this.#child.kill(name);
  }

  /** Ends the process at once, and waits for its end. A stopped process dies of this too. */
  async kill(): Promise<Ended> {
    this.signal('SIGKILL');
    return this.ended;
  }

  #take(line: string): void {
    const said = parse(line);
    const index = this.#hearers.findIndex(({ event }) => event === said.event);
    if (index < 0) this.#said.push(said);
    else this.#hearers.splice(index, 1)[0]?.resolve(said);
  }

  #end(status: number | string): Ended {
    this.#status = status;
    for (const { event, reject } of this.#hearers.splice(0)) reject(this.#silence(event));
    return { status, stderr: this.#stderr };
  }

  #silence(event: string): Error {
    return new Error(`${this.#name} ended (${this.#status}) and never said ${event}\n${this.#stderr}`);
  }
}

const running = new Set<Program>();
const homes = new Set<HomeDriver>();
process.once('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

/** Sees to it that nothing that a test started outlives the test. To be called once in each test file. */
export function endProgramsAfterEach(): void {
  afterEach(async () => {
    await Promise.all([...running].map((program) => program.kill()));
    await Promise.all([...homes].map((home) => home.kill()));
    homes.clear();
  });
}

/** A home of the conformance suite, with its process. */
export interface Home {
  readonly driver: HomeDriver;
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
}

export async function startHome(options: StartOptions = {}): Promise<Home> {
  const child = start('sdk/conformance/home-program', [], options);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
    process.stderr.write(text);
  });
  const driver = await HomeDriver.start(child);
  homes.add(driver);
  const { pid } = child;
  if (pid === undefined) throw new Error('the home could not be started');
  return { driver, pid, signal: (name) => void child.kill(name) };
}

function start(path: string, args: readonly string[], options: StartOptions): ReturnType<typeof spawnPiped> {
  const { flags = [], env = {}, shell } = options;
  const command = [process.execPath, ...flags, compiled(path), ...args];
  return shell === undefined
    ? spawnPiped(command, env)
    : spawnPiped(['bash', '-c', `${shell} && exec "$@"`, 'bash', ...command], env);
}

function spawnPiped(
  [file = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

function parse(line: string): Said {
  try {
    const said: unknown = JSON.parse(line);
    if (typeof said === 'object' && said !== null && 'event' in said) return said as Said;
  } catch {
    // Falls through: something else was printed.
  }
  return { event: 'printed', line };
}
