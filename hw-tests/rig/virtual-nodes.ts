// Boots virtual machines, and connects them.
import { dirname } from 'node:path';
import { sourceFile } from '../bench/project.ts';
import { accelerator } from './accelerator.ts';
import { BootFolder } from './boot-folder.ts';
import { type Parameters, sharedFiles, writeInitramfs } from './initramfs.ts';
import { startMachine } from './machine.ts';
import { LINK_MTU_BYTES, type MachineOptions } from './machine-options.ts';
import { type Preparation, prepare } from './preparation.ts';
import { QemuNode } from './qemu-node.ts';
import { RunningNodes } from './running-nodes.ts';
import { toolPath } from './tool.ts';

export interface VirtualOptions {
  readonly count: number;
  readonly vcpus: number;
  readonly memoryMib: number;
}

const places = [
  { name: 'a', address: '10.77.0.1', mac: '52:54:00:77:00:01' },
  { name: 'b', address: '10.77.0.2', mac: '52:54:00:77:00:02' },
] as const;

/** The same there as here. */
export const project: string = dirname(sourceFile('package.json'));

type Place = (typeof places)[number];

export async function bootNodes(options: VirtualOptions): Promise<RunningNodes> {
  const preparation = await prepare();
  const folder = new BootFolder();
  try {
    const used = places.slice(0, options.count);
    const shared = await sharedFiles(preparation);
    for (const place of used) writeInitramfs(initramfsOf(place, folder), shared, parametersOf(place, preparation));
    const { vmlinuz } = preparation.kernel;
    const accelerated = {
      ...options,
      vmlinuz,
      accelerator: await accelerator(vmlinuz, initramfsOf(places[0], folder)),
    };
    const booting = used.map((place) => {
      const peer = used.find((other) => other !== place)?.name;
      return bootNode(place, folder, { ...accelerated, ...place, peer, initramfs: initramfsOf(place, folder) });
    });
    const running = await RunningNodes.start(booting, () => folder.remove());
    await reachEachOther(running);
    return running;
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** Each has asked for the other's hardware address then, so that no test waits for that. */
async function reachEachOther(running: RunningNodes): Promise<void> {
  const [a, b] = running.nodes;
  if (a === undefined || b === undefined) return;
  try {
    await Promise.all([a.reach(b.address), b.reach(a.address)]);
  } catch (error) {
    await running.stop();
    throw error;
  }
}

function initramfsOf({ name }: Place, folder: BootFolder): string {
  return folder.file(`${name}.initramfs`);
}

async function bootNode({ name, address }: Place, folder: BootFolder, options: MachineOptions): Promise<QemuNode> {
  const machine = await startMachine(folder, options);
  return QemuNode.boot({ name, address, project }, machine);
}

function parametersOf({ name, address }: Place, { kernel, agent }: Preparation): Parameters {
  return {
    RIG_NAME: name,
    RIG_ADDRESS: address,
    RIG_MTU_BYTES: `${LINK_MTU_BYTES}`,
    RIG_HOSTS: places.map((each) => `${each.address} ${each.name}`).join('\n'),
    RIG_MODULES: `${kernel.root}/lib/modules`,
    RIG_AGENT: agent,
    RIG_START: sourceFile('hw-tests/rig/guest/start.sh'),
    RIG_PATH: `${dirname(process.execPath)}:${toolPath}`,
  };
}
