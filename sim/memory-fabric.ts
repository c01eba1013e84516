// A fabric inside one process, in real time, for tests of services: processes that lease memory to each other, with no
// native code, file or socket. Two fabrics know nothing of each other.
import { agentOf, type Clock, type Lease, type Registry, Revoked, systemEnvironment } from '#bridge';
import type { LeaseId, MemLease } from '#sdk/api';
import { replaceFabric } from '#sdk/fabric';
import { FarFabric } from './far-fabric.ts';
import { LiveClock } from './live-clock.ts';
import { MemoryNetwork } from './memory-network.ts';
import { fabricOf, MemoryProcess, runningProcess } from './memory-process.ts';
import { MemoryRecords } from './memory-registry.ts';
import type { Surroundings } from './process.ts';

/** More than most tests want. */
const memoryBytesDefault: number = 2 ** 30;
const doorbells: number = 2 ** 20;

export interface MemoryFabricOptions {
  /** Bytes that all leases together may take, before acquiring rejects with CapacityExceeded. Defaults to 1 GiB. */
  readonly memoryBytes?: number;
}

/** A lease, or its id. */
export type LeaseOrId = MemLease | LeaseId;

/**
 * Processes in memory:
 *
 *     const fabric = new MemoryFabric();
 *     const server = fabric.process();
 *     const client = fabric.process();
 *     const lease = await new server.MemBuilder().acquire();
 *     const held = await client.MemBuilder.attach(lease.id);
 */
export class MemoryFabric implements AsyncDisposable {
  /** How long each message between processes takes, and each wake-up, milliseconds. */
  latencyMs = 0;
  readonly #clock = new LiveClock();
  readonly #processes: MemoryProcess[] = [];
  readonly #recordsByDirectory = new Map<string, MemoryRecords>();
  readonly #surroundings: Surroundings;

  constructor({ memoryBytes = memoryBytesDefault }: MemoryFabricOptions = {}) {
    const network = new MemoryNetwork();
    network.delayMs = () => this.latencyMs;
    const machine = {
      attachments: { open: 0 },
      wakeMs: () => this.latencyMs,
      preemptMs: () => 0,
      freeBytes: memoryBytes,
      freeDoorbells: doorbells,
    };
    this.#surroundings = {
      clock: this.#clock,
      random: { fork: () => systemEnvironment.random },
      network,
      fabric: new FarFabric(this.#clock),
      machine,
      records: new MemoryRecords(),
    };
  }

  /** Starts a process. */
  process(): MemoryProcess {
    const process = new MemoryProcess(this.#surroundings, (directory, { clock }) => this.#registry(directory, clock));
    this.#processes.push(process);
    return process;
  }

  /**
   * Lets `ms` milliseconds of leasewire's time pass at once: leases expire or are renewed, deadlines pass, what is under
   * way arrives. The time of others, such as setTimeout's, stays what it is.
   */
  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Lets a lease expire now. Resolves when its holders know; rejects with Revoked if no living process granted it. */
  async expire(lease: LeaseOrId): Promise<void> {
    this.#homeOf(lease).end('expired');
    await this.advance(this.latencyMs);
  }

  /** Revokes a lease, as its home can. Resolves when its holders know; rejects with Revoked if no living process granted it. */
  async revoke(lease: LeaseOrId): Promise<void> {
    this.#homeOf(lease).end('revoked');
    await this.advance(this.latencyMs);
  }

  /** Ends every process in an orderly way. */
  async close(): Promise<void> {
    for (const process of this.#processes.splice(0)) process.exit();
    await this.advance(this.latencyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Each directory has services of its own, as on a machine. */
  #registry(directory: string | undefined, clock: Clock): Registry {
    if (directory === undefined) return this.#surroundings.records.registry(clock);
    const records = this.#recordsByDirectory.get(directory) ?? new MemoryRecords();
    this.#recordsByDirectory.set(directory, records);
    return records.registry(clock);
  }

  #homeOf(lease: LeaseOrId): Lease {
    const id = typeof lease === 'string' ? lease : lease.id;
    for (const process of this.#processes) {
      if (!process.alive) continue;
      const agent = fabricOf(process).agent();
      if (agent.id === agentOf(id)) return agent.find(id);
    }
    throw new Revoked(`no living process of this fabric has granted lease ${id}`);
  }
}

// The public classes are used in the process that runs, or else in one that all other code has together.
let everybodys: MemoryProcess | undefined;

function everybodysProcess(): MemoryProcess {
  everybodys ??= new MemoryFabric().process();
  return everybodys;
}

replaceFabric(() => fabricOf(runningProcess() ?? everybodysProcess()));
