// A home of the conformance suite that is a process of a simulation: spoken to by streams within this process.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { type HomeProcess, hostHome } from '../sdk/conformance/index.ts';
import type { MemoryProcess } from './memory-process.ts';

export class MemoryHome extends EventEmitter implements HomeProcess {
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: PassThrough = new PassThrough();
  readonly #process: MemoryProcess;

  constructor(process: MemoryProcess) {
    super();
    this.#process = process;
  }

  async start(): Promise<this> {
    const { stdin, stdout } = this;
    await hostHome({ stdin, stdout, classes: this.#process, exit: () => this.#end(() => this.#process.exit()) });
    return this;
  }

  kill(): void {
    this.#end(() => this.#process.kill());
  }

  /** As a process's end: what it has not said by now it never says. */
  #end(how: () => void): void {
    if (!this.#process.alive) return;
    how();
    this.stdout.destroy();
    this.emit('exit');
  }
}
