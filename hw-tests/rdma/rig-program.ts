// A program of hw-tests/programs on a node of the rig: it says events, JSON lines on stdout, and is told lines.
import { HomeDriver, type HomeProcess } from '../../sdk/conformance/index.ts';
import type { NodeProcess, ProcessEnd } from '../rig/node-process.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import type { RigNode } from '../rig/rig-node.ts';

/** Far beyond what anything takes that is waited for: only a hang reaches it. */
const hearMsMax = 60_000;
const stderrCharsMax = 20_000;

export type Said = Readonly<Record<string, unknown>> & { readonly event: string };

type Environment = Readonly<Record<string, string>>;

interface Hearer {
  readonly event: string;
  readonly resolve: (said: Said) => void;
  readonly reject: (error: Error) => void;
}

export class RigProgram {
  readonly ended: Promise<ProcessEnd>;
  readonly #name: string;
  readonly #process: NodeProcess;
  readonly #said: Said[] = [];
  readonly #hearers = new Set<Hearer>();
  #stderr = '';
  #isOver = false;

  /** Starts a program of ../rig/node-programs.ts. */
  constructor(node: RigNode, program: string, args: readonly string[], env: Environment) {
    this.#name = `${program} on ${node.name}`;
    this.#process = node.start('node', [program, ...args], { env });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrCharsMax);
    });
    this.ended = this.#process.exited;
    void this.#listen();
  }

  /** Its number on the node. */
  get pid(): Promise<number> {
    return this.#process.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** The earliest event of that name which was not heard yet. Rejects if the program ends without, or hangs. */
  hear(event: string, msMax: number = hearMsMax): Promise<Said> {
    const index = this.#said.findIndex((said) => said.event === event);
    const early = index < 0 ? undefined : this.#said.splice(index, 1)[0];
    if (early !== undefined) return Promise.resolve(early);
    if (this.#isOver) return Promise.reject(this.#silence(event, 'has ended'));
    return new Promise((resolve, reject) => {
      const hearer = { event, resolve, reject };
      this.#hearers.add(hearer);
      const late = () => this.#hearers.delete(hearer) && reject(this.#silence(event, `took more than ${msMax} ms`));
      setTimeout(late, msMax).unref();
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessEnd> {
    this.#process.kill(signal);
    return this.ended;
  }

  async #listen(): Promise<void> {
    for await (const line of this.#process.lines()) this.#take(line);
    this.#isOver = true;
    for (const { event, reject } of this.#hearers) reject(this.#silence(event, 'ended'));
    this.#hearers.clear();
  }

  #take(line: string): void {
    const said = JSON.parse(line) as Said;
    const hearer = [...this.#hearers].find(({ event }) => event === said.event);
    if (hearer === undefined) {
      this.#said.push(said);
      return;
    }
    this.#hearers.delete(hearer);
    hearer.resolve(said);
  }

  #silence(event: string, what: string): Error {
    return new Error(`${this.#name} ${what}, and never said ${event}\n${this.#stderr}`);
  }
}

export interface RigHome {
  readonly driver: HomeDriver;
  /** Its number on the node. */
  readonly pid: number;
}

/** A home of the conformance suite on a node. What it writes to stderr goes to this process's. */
export async function startRigHome(node: RigNode, env: Environment): Promise<HomeDriver> {
  return (await startRigHomeProcess(node, env)).driver;
}

export async function startRigHomeProcess(node: RigNode, env: Environment): Promise<RigHome> {
  const running = node.start('node', [bundledProgram('sdk/conformance/home-program')], { env });
  running.stderr.pipe(process.stderr, { end: false });
  const home: HomeProcess = {
    stdin: running.stdin,
    stdout: running.stdout,
    kill: () => running.kill('SIGKILL'),
    once: (_event, listener) => void running.exited.then(listener, listener),
  };
  return { driver: await HomeDriver.start(home), pid: await running.pid };
}
