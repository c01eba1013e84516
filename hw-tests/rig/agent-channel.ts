// One end of the channel to a node's agent, over any byte stream: starts processes there, and hands out what comes back.
import type { Duplex } from 'node:stream';
import { encodeFrame, encodeStart, type Frame, FrameReader, frameKinds, type StartCommand } from './agent-frames.ts';
import { NodeGone } from './errors.ts';
import { AgentProcess, type NodeProcess } from './node-process.ts';

export class AgentChannel {
  /** Resolves when the agent has said hello. Rejects if the stream ends before. */
  readonly ready: Promise<void>;
  readonly #node: string;
  readonly #stream: Duplex;
  readonly #processes = new Map<number, AgentProcess>();
  #nextNumber = 1;
  #gone: NodeGone | undefined;

  constructor(node: string, stream: Duplex) {
    this.#node = node;
    this.#stream = stream;
    const reader = new FrameReader();
    this.ready = new Promise((resolve, reject) => {
      stream.on('data', (bytes: Buffer) => {
        for (const frame of reader.read(bytes)) this.#take(frame, resolve);
      });
      stream.once('close', () => {
        this.close('the connection to its agent ended');
        reject(this.#gone);
      });
    });
    this.ready.catch(() => undefined);
    stream.on('error', () => undefined); // 'close' follows
  }

  get isOpen(): boolean {
    return this.#gone === undefined;
  }

  start(command: StartCommand): NodeProcess {
    const number = this.#nextNumber++;
    const send = (kind: number, payload: Buffer) => this.#send(kind, number, payload);
    const process = new AgentProcess(command.args.join(' '), send);
    const start = encodeStart(command);
    if (this.#gone === undefined) {
      this.#processes.set(number, process);
      send(frameKinds.start, start);
    } else process.fail(this.#gone);
    return process;
  }

  /** What runs there is lost from sight: whoever waits for it gets NodeGone with this reason. */
  close(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = new NodeGone(`node ${this.#node}: ${reason}`);
    this.#stream.destroy();
    for (const process of this.#processes.values()) process.fail(this.#gone);
    this.#processes.clear();
  }

  #take(frame: Frame, greeted: () => void): void {
    const process = this.#processes.get(frame.number);
    if (frame.kind === frameKinds.hello) greeted();
    else if (frame.kind === frameKinds.exited || frame.kind === frameKinds.failed) this.#processes.delete(frame.number);
    process?.take(frame);
  }

  #send(kind: number, number: number, payload: Buffer): void {
    if (this.#gone !== undefined) return;
    this.#stream.write(encodeFrame(kind, number, payload));
  }
}
