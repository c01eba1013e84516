// One simulated process: its clock, its randomness, its agent. It can be stopped, let go on, and killed.
import {
  Agent,
  type Environment,
  type NetworkTransport,
  type Random,
  type Registry,
  type RuntimeDirectory,
  Unsupported,
} from '#bridge';
import { FarCard } from './far-card.ts';
import type { FarFabric } from './far-fabric.ts';
import { FarPlane } from './far-plane.ts';
import type { MemoryNetwork, MemoryTransport } from './memory-network.ts';
import { type MemoryMachine, MemoryPlane } from './memory-plane.ts';
import type { MemoryRecords } from './memory-registry.ts';
import { MemoryTcp } from './memory-tcp.ts';
import { ProcessClock, type ProcessClockOptions } from './process-clock.ts';
import type { Timeline } from './timeline.ts';

/** What processes share. */
export interface Surroundings {
  readonly clock: Timeline;
  readonly random: { fork(): Random };
  readonly network: MemoryNetwork;
  readonly fabric: FarFabric;
  readonly machine: MemoryMachine;
  readonly records: MemoryRecords;
}

export interface ProcessOptions extends ProcessClockOptions {
  /** The services of the machine that it runs on. By default all processes of a world are on one. */
  readonly records?: MemoryRecords;
  /** Whether its leases reach other machines, and it those of others. Defaults to false. */
  readonly far?: boolean;
  /** What its connections to other machines are, if not streams of bytes. */
  readonly tcp?: (network: MemoryNetwork, transport: MemoryTransport) => NetworkTransport;
}

export class Process {
  readonly clock: ProcessClock;
  readonly environment: Environment;
  readonly transport: MemoryTransport;
  readonly network: NetworkTransport;
  readonly plane: MemoryPlane;
  /** By which leases reach other machines. */
  readonly card: FarCard;
  readonly agent: Agent;
  readonly registry: Registry;
  #dead = false;

  constructor(world: Surroundings, options: ProcessOptions) {
    this.clock = new ProcessClock(world.clock, options);
    this.environment = { clock: this.clock, random: world.random.fork() };
    this.transport = world.network.transport(this.clock);
    const tcp = options.tcp ?? ((network, transport) => new MemoryTcp(network, transport));
    this.network = tcp(world.network, this.transport);
    this.plane = new MemoryPlane(world.machine, this.clock);
    this.card = new FarCard(world.fabric, this.clock);
    this.registry = (options.records ?? world.records).registry(this.clock);
    const { environment, plane, transport, network, registry } = this;
    const farPlane = new FarPlane(this.card);
    const networkPlane = () => {
      if (options.far) return farPlane;
      throw new Unsupported('no plane reaches that host: the leases of this process stay on their machine');
    };
    this.agent = new Agent({ environment, plane, networkPlane, transport, network, directory, registry });
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** As SIGSTOP: time passes, and the process does nothing. */
  freeze(): void {
    this.clock.freeze();
  }

  /** As SIGCONT. */
  thaw(): void {
    if (!this.#dead) this.clock.thaw();
  }

  /** As SIGKILL: it does nothing more, and only its peers notice. */
  kill(): void {
    this.#dead = true;
    this.clock.kill();
    this.transport.abandon();
    this.card.abandon();
  }
}

/** Addresses are names here; there is nothing to sweep. Whoever is addressed over the network is on another machine. */
const directory: RuntimeDirectory = {
  path: 'sim:',
  agentsPath: 'sim:agents',
  servicesPath: 'sim:services',
  socketPath: (agent) => `sim:${agent}`,
  hasAgent: () => false,
  sweepAgents: () => undefined,
};
