// One simulated process: its clock, its randomness, its agent. It can be stopped, let go on, and killed.
import {
  Agent,
  type Carrier,
  type Environment,
  type LinkPlane,
  type NetworkTransport,
  type Random,
  type Registry,
  type RuntimeDirectory,
  Unsupported,
} from '#bridge';
import { FarCard } from './far-card.ts';
import type { FarFabric } from './far-fabric.ts';
import { FarPlane } from './far-plane.ts';
import { MemoryCarrier } from './memory-carrier.ts';
import type { MemoryNetwork, MemoryTransport } from './memory-network.ts';
import { type MemoryMachine, MemoryPlane } from './memory-plane.ts';
import type { MemoryRecords } from './memory-registry.ts';
import { MemoryTcp } from './memory-tcp.ts';
import { MessageTcp } from './message-tcp.ts';
import { PoolCard } from './pool-card.ts';
import type { PoolHost } from './pool-host.ts';
import { PoolPlane } from './pool-plane.ts';
import { PoolSegment } from './pool-segment.ts';
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
  /** The machine that it runs on, where that shares a pool: its leases lie there. */
  readonly pool?: PoolHost | undefined;
}

export class Process {
  readonly clock: ProcessClock;
  readonly environment: Environment;
  readonly transport: MemoryTransport;
  readonly network: NetworkTransport;
  readonly plane: MemoryPlane;
  /** By which leases reach other machines. */
  readonly card: FarCard;
  /** By which leases reach machines that share the pool. */
  readonly poolCard: PoolCard | undefined;
  readonly #far: FarPlane | undefined;
  readonly agent: Agent;
  readonly registry: Registry;
  #dead = false;

  constructor(world: Surroundings, options: ProcessOptions) {
    this.clock = new ProcessClock(world.clock, options);
    this.environment = { clock: this.clock, random: world.random.fork() };
    this.transport = world.network.transport(this.clock, options.pool);
    const Tcp = world.network.wholeMessages ? MessageTcp : MemoryTcp;
    this.network = new Tcp(world.network, this.transport);
    const { pool } = options;
    this.plane = new MemoryPlane(world.machine, this.clock, pool && ((bytes) => new PoolSegment(pool, bytes)));
    this.poolCard = pool && new PoolCard(pool, this.clock, world.machine);
    this.card = new FarCard(world.fabric, this.clock);
    this.registry = (options.records ?? world.records).registry(this.clock);
    const { environment, plane, transport, network, registry } = this;
    this.#far = options.far ? new FarPlane(this.card) : undefined;
    const networkPlane = (carrier?: Carrier) => this.#planeTo(carrier);
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
    this.poolCard?.abandon();
  }

  /** The pool's, where the machine at the other end shares it. */
  #planeTo(carrier: Carrier | undefined): LinkPlane {
    const peer = carrier instanceof MemoryCarrier ? carrier.peerPoolHost : undefined;
    if (this.poolCard !== undefined && peer?.pool === this.poolCard.host.pool) {
      return new PoolPlane(this.poolCard, peer.number);
    }
    if (this.#far !== undefined) return this.#far;
    // Of nobody in particular it is asked what others see.
    if (this.poolCard !== undefined && carrier === undefined) return new PoolPlane(this.poolCard, -1);
    throw new Unsupported('no plane reaches that host: the leases of this process stay on their machine');
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
