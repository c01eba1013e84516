// The rig: one or two nodes with RDMA between them, on which commands run. Virtual machines, or real hosts over SSH.
import { RigUnavailable } from './errors.ts';
import { prepare } from './preparation.ts';
import { connectHosts, hostsOfEnvironment } from './real-hosts.ts';
import type { RigNode } from './rig-node.ts';
import type { RunningNodes } from './running-nodes.ts';
import { bootNodes } from './virtual-nodes.ts';

export interface RigOptions {
  /** One node's RDMA device reaches itself only. */
  readonly nodes: 1 | 2;
  /** Of each virtual machine: 1 where there are two, 2 where there is one, unless said otherwise. */
  readonly vcpus?: number;
  /** Of each virtual machine; 1536 unless said otherwise. */
  readonly memoryMib?: number;
  /**
   * Real hosts in place of virtual machines, such as `user@one/10.0.0.1,user@two/10.0.0.2`: the address is that on the
   * RDMA link. The environment's `LEASEWIRE_RIG_HOSTS` unless said otherwise; none if empty.
   */
  readonly hosts?: string;
}

const VCPUS_MAX = 32;
const MEMORY_MIB = 1536;
const MEMORY_MIB_MIN = 512;
const MEMORY_MIB_MAX = 1_048_576;

export class Rig implements AsyncDisposable {
  readonly nodes: readonly RigNode[];
  /** From the start of the machines, or of the connections, until all nodes ran commands. */
  readonly startMs: number;
  readonly #running: RunningNodes;

  private constructor(running: RunningNodes) {
    this.#running = running;
    this.nodes = running.nodes;
    this.startMs = running.startMs;
  }

  /** Rejects with RigUnavailable, BootFailed, or RangeError; then nothing of it is left. */
  static async start(options: RigOptions): Promise<Rig> {
    const count = inRange('nodes', options.nodes, 1, 2);
    const vcpus = inRange('vcpus', options.vcpus ?? (count === 1 ? 2 : 1), 1, VCPUS_MAX);
    const memoryMib = inRange('memoryMib', options.memoryMib ?? MEMORY_MIB, MEMORY_MIB_MIN, MEMORY_MIB_MAX);
    const hosts = options.hosts ?? hostsOfEnvironment();
    const running = hosts === '' ? bootNodes({ count, vcpus, memoryMib }) : connectHosts(hosts, count);
    return new Rig(await running);
  }

  /** Throws a RangeError if there is no node of that name. */
  node(name: string): RigNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    throw new RangeError(`there is no node ${name}, only ${this.nodes.map((node) => node.name).join(' and ')}`);
  }

  /** Ends whatever runs on virtual machines, and what was started through the rig on real hosts. */
  async stop(): Promise<void> {
    await this.#running.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export type RigAvailability =
  | { readonly available: true }
  | { readonly available: false /** What is missing, and how to get it. */; readonly reason: string };

/** Whether a rig can start here. Installs and downloads what is missing, where it may. */
export async function rigAvailability(): Promise<RigAvailability> {
  if (hostsOfEnvironment() !== '') return { available: true };
  try {
    await prepare();
    return { available: true };
  } catch (error) {
    if (!(error instanceof RigUnavailable)) throw error;
    return { available: false, reason: error.message };
  }
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} is ${value}, not an integer from ${min} to ${max}`);
}
