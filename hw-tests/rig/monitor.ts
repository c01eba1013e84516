// QEMU's monitor, over the stream that QEMU connected to us (QMP: a JSON object a line).
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { MonitorError } from './errors.ts';

type Message = Readonly<Record<string, unknown>>;

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Monitor {
  readonly #stream: Duplex;
  readonly #waiters: Waiter[] = [];
  #isClosed = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => this.#take(JSON.parse(line) as Message));
    lines.on('error', () => undefined); // that of the stream, of which 'close' follows
    stream.once('close', () => this.#close());
  }

  /** Answers come in the order of the questions. */
  async ask(command: string, args: Message = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new MonitorError(`${command}: QEMU is gone`));
        return;
      }
      this.#waiters.push({ resolve, reject });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  #take(message: Message): void {
    if ('return' in message) this.#waiters.shift()?.resolve(message['return']);
    if ('error' in message) this.#waiters.shift()?.reject(new MonitorError(JSON.stringify(message['error'])));
  }

  #close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiters.splice(0)) reject(new MonitorError('QEMU is gone'));
  }
}
