// A process that answers each line on its stdin with one JSON line on its stdout. The bench owns it and ends it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

const REPLY_MS_MAX = 300_000;
const CLOSE_MS_MAX = 5_000;
const STDERR_CHARS_MAX = 4_000;

export type Reply = Readonly<Record<string, unknown>>;

/** A process, here or on another machine. */
export interface Child {
  /** On this machine; undefined when it could not be started, or is on another one. */
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with how it ended, once all that it wrote was read. Never rejects. */
  readonly ended: Promise<string>;
  /** SIGKILL. Does nothing after its end. */
  kill(): void;
}

export function spawnChild(command: string, args: readonly string[]): Child {
  const child = spawn(command, args, { stdio: 'pipe' });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
  });
  const { pid, stdin, stdout, stderr } = child;
  return { pid, stdin, stdout, stderr, ended, kill: () => void child.kill('SIGKILL') };
}

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class LineProcess {
  readonly name: string;
  /** Rejects when the process has ended or reported an error. */
  readonly failed: Promise<never>;
  readonly #child: Child;
  #waiter: Waiter | undefined;
  #early: Reply | undefined;
  #ended: Error | undefined;
  #isOver = false;
  #fail: (error: Error) => void = () => {};
  #stderr = '';

  constructor(name: string, child: Child) {
    this.name = name;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // nobody need listen
    this.#child = child;
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
    this.#child.stdin.on('error', () => {}); // a dead child is reported by its end
    void this.#child.ended.then((how) => {
      this.#isOver = true;
      this.#end(how);
    });
  }

  /** Undefined when it could not be started, or is on another machine. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a line and waits for its reply. One at a time. */
  async ask(line: string): Promise<Reply> {
    this.#child.stdin.write(`${line}\n`);
    return this.reply();
  }

  /** The next reply, asked for or not: the first one says that the process is ready. */
  async reply(): Promise<Reply> {
    const timer = new AbortController();
    const late = async () => {
      await setTimeout(REPLY_MS_MAX, undefined, { signal: timer.signal });
      throw new Error(`${this.name}: no reply in ${REPLY_MS_MAX} ms`);
    };
    try {
      return await Promise.race([this.#next(), late()]);
    } finally {
      timer.abort();
    }
  }

  /** Ends its stdin, upon which it closes what it opened and exits; kills it when it does not. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    const killer = globalThis.setTimeout(() => this.kill(), CLOSE_MS_MAX);
    this.#child.stdin.end();
    await this.#child.ended;
    clearTimeout(killer);
  }

  kill(): void {
    if (!this.#isOver) this.#child.kill();
  }

  #next(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#early !== undefined) {
        resolve(this.#early);
        this.#early = undefined;
      } else if (this.#ended !== undefined) {
        reject(this.#ended);
      } else {
        this.#waiter = { resolve, reject };
      }
    });
  }

  #take(line: string): void {
    const reply = parseReply(line);
    const error = reply['error'];
    if (error !== undefined) {
      this.#end(String(error));
    } else if (this.#waiter === undefined) {
      this.#early = reply;
    } else {
      this.#waiter.resolve(reply);
      this.#waiter = undefined;
    }
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new Error([`${this.name}: ${reason}`, this.#stderr.trim()].filter(Boolean).join('\n'));
    this.#waiter?.reject(this.#ended);
    this.#waiter = undefined;
    this.#fail(this.#ended);
  }
}

function parseReply(line: string): Reply {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Reply;
  } catch {
    // Falls through: whatever it printed is the error.
  }
  return { error: `printed no reply: ${line.slice(0, 200)}` };
}
