// What machine a node of the rig is, and by what it runs.
import type { Machine } from '../bench/machine.ts';
import { NodeFailed } from '../rig/errors.ts';
import { hostsOfEnvironment } from '../rig/real-hosts.ts';
import type { RigNode } from '../rig/rig-node.ts';

/** `none` is of real hosts; figures under `tcg` are of emulated processors. */
export type NodeAccelerator = 'tcg' | 'kvm' | 'none';

export async function machineOf(node: RigNode): Promise<Machine> {
  const program = `${node.project}/dist/hw-tests/roce-bench/describe-machine.js`;
  const { code, stdout, stderr } = await node.run('node', [program]);
  if (code !== 0) throw new NodeFailed(`node ${node.name} does not say what it is: ${stderr.trim()}`);
  return JSON.parse(stdout) as Machine;
}

/** QEMU names the processor of a virtual machine that it emulates. */
export function acceleratorOf(node: Machine, hosts: string = hostsOfEnvironment()): NodeAccelerator {
  if (hosts !== '') return 'none';
  return node.cpu.includes('TCG') ? 'tcg' : 'kvm';
}
