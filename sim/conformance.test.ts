// The conformance suite on a fabric in memory: homes are processes of it, spoken to by streams within this process.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describeConformance, type HomeProcess, hostHome } from '../sdk/conformance/index.ts';
import { MemoryFabric } from './memory-fabric.ts';
import type { MemoryProcess } from './memory-process.ts';

const fabric = new MemoryFabric();

class MemoryHome extends EventEmitter implements HomeProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly #process: MemoryProcess = fabric.process();

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

describeConformance({
  plane: 'sim',
  spawnHome: () => new MemoryHome().start(),
  classes: fabric.process(),
  sharesThread: true,
  lacks: {
    'callSync lets the calls before it go first, and harms none': 'they wait for the thread that callSync blocks',
  },
});
