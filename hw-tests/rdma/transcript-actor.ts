// A process of a transcript on a node of the rig, as the script has it.
import type { Actor, AnswerOf, OrderName, RequestOf } from '../../sim/transcripts/script.ts';
import type { NodeProcess } from '../rig/node-process.ts';
import { bundledProgram } from '../rig/node-programs.ts';
import type { RigNode } from '../rig/rig-node.ts';

/** No order takes longer, but one that hangs. */
const orderMsMax = 60_000;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

type Said =
  | { readonly event: 'ready' }
  | { readonly event: 'saw'; readonly line: string }
  | { readonly event: 'done'; readonly id: number; readonly value?: unknown; readonly error?: object };

export class RigActor implements Actor {
  /** Resolves when it can take orders. */
  readonly ready: Promise<void>;
  readonly #process: NodeProcess;
  readonly #see: (line: string) => void;
  readonly #pending = new Map<number, Pending>();
  #onReady: () => void = () => undefined;
  #lastId = 0;
  #alive = true;

  constructor(node: RigNode, env: Readonly<Record<string, string>>, see: (line: string) => void) {
    this.#see = see;
    this.#process = node.start('node', [bundledProgram('hw-tests/programs/transcript-actor')], { env });
    this.#process.stderr.pipe(process.stderr, { end: false });
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#process.exited.then(() => reject(new Error('a process of a transcript ended before it was ready')), reject);
    });
    this.ready.catch(() => undefined);
    void this.#listen();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get pid(): Promise<number> {
    return this.#process.pid;
  }

  do<O extends OrderName>(order: O, request: RequestOf<O>): Promise<AnswerOf<O>> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${order} took more than ${orderMsMax} ms`));
      const watchdog = setTimeout(late, orderMsMax);
      const settled = <A>(settle: (answer: A) => void) => {
        return (answer: A) => {
          clearTimeout(watchdog);
          settle(answer);
        };
      };
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.#process.stdin.write(`${JSON.stringify({ id, order, request })}\n`);
    });
  }

  /** By its number, so that it is dead, and what it said is heard, when this resolves. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.exited;
    this.#alive = false;
    for (const { reject } of this.#pending.values()) reject(new Error('the process was killed'));
    this.#pending.clear();
  }

  async #listen(): Promise<void> {
    for await (const line of this.#process.lines()) this.#take(JSON.parse(line) as Said);
  }

  #take(said: Said): void {
    if (said.event === 'ready') return this.#onReady();
    if (said.event === 'saw') return this.#see(said.line);
    const pending = this.#pending.get(said.id);
    this.#pending.delete(said.id);
    if (said.error === undefined) pending?.resolve(said.value as never);
    else pending?.reject(new Error(JSON.stringify(said.error)));
  }
}
