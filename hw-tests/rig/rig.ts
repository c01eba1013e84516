// The rig: one or two nodes with RDMA between them, on which commands run.
import { dirname } from 'node:path';
import { sourceFile } from '../bench/project.ts';
import { accelerator } from './accelerator.ts';
import { BootFolder } from './boot-folder.ts';
import { writeInitramfs } from './initramfs.ts';
import { Machine } from './machine.ts';
import { prepare } from './preparation.ts';
import { QemuNode } from './qemu-node.ts';
import type { RigNode } from './rig-node.ts';

export interface RigOptions {
  /** One node's RDMA device reaches itself only. */
  readonly nodes: 1 | 2;
  /** Of each node: 1 where there are two, 2 where there is one, unless said otherwise. */
  readonly vcpus?: number;
  /** Of each node, 1536 unless said otherwise. */
  readonly memoryMib?: number;
}

const MEMORY_MIB = 1536;
const names = ['a', 'b'] as const;

export class Rig implements AsyncDisposable {
  readonly nodes: readonly RigNode[];
  readonly bootMs: number;
  readonly #folder: BootFolder;

  private constructor(nodes: readonly RigNode[], folder: BootFolder, bootMs: number) {
    this.nodes = nodes;
    this.#folder = folder;
    this.bootMs = bootMs;
  }

  static async start(options: RigOptions): Promise<Rig> {
    const { kernel, agent, busybox } = await prepare();
    const folder = new BootFolder();
    const initramfs = folder.file('initramfs');
    await writeInitramfs(initramfs, kernel, busybox);
    const accel = await accelerator(kernel.vmlinuz, initramfs);
    const begun = performance.now();
    const project = dirname(sourceFile('package.json'));
    const nodes = await Promise.all(
      names.slice(0, options.nodes).map(async (name, index) => {
        const address = `10.77.0.${index + 1}`;
        const machine = await Machine.start(folder, {
          name,
          peer: options.nodes === 1 ? undefined : names[1 - index],
          mac: `52:54:00:77:00:0${index + 1}`,
          vcpus: options.vcpus ?? (options.nodes === 1 ? 2 : 1),
          memoryMib: options.memoryMib ?? MEMORY_MIB,
          accelerator: accel,
          vmlinuz: kernel.vmlinuz,
          initramfs,
          parameters: {
            name,
            address,
            agent,
            modules: `${kernel.root}/lib/modules`,
            start: sourceFile('hw-tests/rig/guest/start.sh'),
          },
        });
        return QemuNode.boot(name, address, project, machine);
      }),
    );
    return new Rig(nodes, folder, performance.now() - begun);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
