// A process on a node, as the rig sees it: its streams, its end. The agent's frames about it arrive here.
import { constants } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { encodeNumbers, type Frame, frameKinds } from './agent-frames.ts';
import { CommandNotStarted } from './errors.ts';

/** In one frame. */
const INPUT_BYTES_MAX = 1 << 20;

export interface ProcessEnd {
  /** Exit status; null where a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Sends a frame about this process. `taken` is called once it went into the channel. */
export type SendFrame = (kind: number, payload: Buffer) => void;

export interface NodeProcess {
  /** Its number on the node. Rejects with CommandNotStarted. */
  readonly pid: Promise<number>;
  /** A write is done when the process's pipe has taken it. */
  readonly stdin: Writable;
  /** What nobody reads is kept, however much it is. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its end, by when all that it wrote was received. Rejects with CommandNotStarted, or NodeGone if the node died first. */
  readonly exited: Promise<ProcessEnd>;
  /** The lines of stdout, each as soon as it is complete. For one reader. */
  lines(): AsyncGenerator<string>;
  /** SIGTERM unless said otherwise; to the process alone. Does nothing after its end. */
  kill(signal?: NodeJS.Signals): void;
  /** The same, to the process and all that it started, but for what made a session of its own. */
  killAll(signal?: NodeJS.Signals): void;
}

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals] as const),
);

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export class AgentProcess implements NodeProcess {
  readonly pid: Promise<number>;
  readonly stdin: Writable;
  readonly stdout: Readable = new Readable({ read: () => undefined });
  readonly stderr: Readable = new Readable({ read: () => undefined });
  readonly exited: Promise<ProcessEnd>;
  readonly #command: string;
  readonly #send: SendFrame;
  readonly #started: Settle<number>;
  readonly #ended: Settle<ProcessEnd>;
  #untakenBytes = 0;
  #whenTaken: (error?: Error) => void = () => undefined;
  #isOver = false;

  constructor(command: string, send: SendFrame) {
    this.#command = command;
    this.#send = send;
    [this.pid, this.#started] = settled<number>();
    [this.exited, this.#ended] = settled<ProcessEnd>();
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#write(chunk, done),
      final: (done) => {
        if (!this.#isOver) this.#send(frameKinds.inputEnd, Buffer.alloc(0));
        done();
      },
    });
    this.stdin.on('error', () => undefined); // the process's end says all there is to say
  }

  async *lines(): AsyncGenerator<string> {
    let rest = '';
    for await (const text of this.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#signal(signal, 0);
  }

  killAll(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#signal(signal, 1);
  }

  /** For the channel alone. */
  take({ kind, payload }: Frame): void {
    if (kind === frameKinds.started) this.#started.resolve(payload.readUInt32LE(0));
    if (kind === frameKinds.output) this.stdout.push(payload);
    if (kind === frameKinds.error) this.stderr.push(payload);
    if (kind === frameKinds.inputTaken) this.#taken(payload.readUInt32LE(0));
    if (kind === frameKinds.failed) this.fail(new CommandNotStarted(this.#command, payload.readUInt32LE(0)));
    if (kind === frameKinds.exited) this.#end(payload.readUInt32LE(0), payload.readUInt32LE(4));
  }

  /** For the channel alone: there will be no further frame. */
  fail(error: Error): void {
    this.#started.reject(error);
    this.#ended.reject(error);
    this.#close();
  }

  #signal(signal: NodeJS.Signals, all: number): void {
    const number = constants.signals[signal];
    if (number === undefined) throw new RangeError(`no such signal: ${signal}`);
    if (!this.#isOver) this.#send(frameKinds.signal, encodeNumbers(number, all));
  }

  #write(chunk: Buffer, done: (error?: Error) => void): void {
    if (this.#isOver) {
      done(new Error(`${this.#command} has ended`));
      return;
    }
    this.#untakenBytes = chunk.length;
    this.#whenTaken = done;
    for (let offset = 0; offset < chunk.length; offset += INPUT_BYTES_MAX) {
      this.#send(frameKinds.input, chunk.subarray(offset, offset + INPUT_BYTES_MAX));
    }
  }

  #taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (this.#untakenBytes === 0) this.#whenTaken();
  }

  #end(code: number, signal: number): void {
    const name = signalNames.get(signal) ?? null;
    this.#ended.resolve(name === null ? { code, signal: null } : { code: null, signal: name });
    this.#close();
  }

  #close(): void {
    this.#isOver = true;
    this.stdout.push(null);
    this.stderr.push(null);
    this.stdin.destroy();
  }
}

/** Nobody need listen to it: a rejection that nobody awaits is no accident. */
function settled<T>(): [Promise<T>, Settle<T>] {
  let settle: Settle<T> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return [promise, settle as Settle<T>];
}
