// One process of a MemoryFabric: the public classes, bound to an agent of its own, and what can happen to a process.
// Its code runs on the thread of whoever tests it; what happens to it (timers, messages, wake-ups) comes by its clock.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Agent, Disconnected, type NetworkAddress, type Registry } from '#bridge';
import { type AttachOptions, FabricDns, type FabricDnsOptions, MemBuilder, type MemLease } from '#sdk/api';
import type { Fabric } from '#sdk/fabric';
import { Process, type ProcessOptions, type Surroundings } from './process.ts';

/** Where code runs that MemoryProcess.run() has begun. */
const running = new AsyncLocalStorage<MemoryProcess>();

const fabrics = new WeakMap<MemoryProcess, Fabric>();

/** What the public classes use in a process. Its functions throw Disconnected once that has ended. */
export function fabricOf(process: MemoryProcess): Fabric {
  const fabric = fabrics.get(process);
  if (fabric === undefined) throw new TypeError('expected a MemoryProcess, as MemoryFabric.process() gives them');
  return fabric;
}

/** The process that this code runs in; undefined outside of all. */
export function runningProcess(): MemoryProcess | undefined {
  return running.getStore();
}

/** Which services are in a directory, as a process sees them; undefined stands for the usual one. */
export type RegistryOf = (directory: string | undefined, process: Process) => Registry;

/** A process that is on a machine of its own. */
export interface Placed extends ProcessOptions {
  /** Where it listens for other machines, as soon as it is home to something. */
  readonly address: NetworkAddress;
  readonly peers: () => readonly NetworkAddress[];
}

export class MemoryProcess {
  /** As `leasewire` exports it; whatever is acquired or attached by it is this process's. */
  readonly MemBuilder: typeof MemBuilder;
  /** As `leasewire` exports it; it finds what processes of the same fabric have registered. */
  readonly FabricDns: typeof FabricDns;
  readonly #process: Process;
  readonly #address: NetworkAddress | undefined;
  #listening: Promise<unknown> | undefined;
  #ended = false;

  /** By MemoryFabric.process(). */
  constructor(surroundings: Surroundings, registryOf: RegistryOf, placed?: Placed) {
    this.#process = new Process(surroundings, { ...placed, enter: (callback) => this.run(callback) });
    this.#address = placed?.address;
    this.MemBuilder = memBuilderIn(this);
    this.FabricDns = fabricDnsIn(this);
    fabrics.set(this, {
      agent: () => this.#agent(),
      homeAgent: () => this.#homeAgent(),
      registry: (directory) => registryOf(directory, this.#process),
      peers: placed?.peers ?? (() => []),
    });
  }

  /** Whether it was neither killed nor ended otherwise. */
  get alive(): boolean {
    return !this.#ended;
  }

  /**
   * Runs code as this process: the classes that `leasewire` and `leasewire/testing` export use it then, also after an
   * `await`, and in whatever the code has started.
   */
  run<T>(body: () => T): T {
    return running.run(this, body);
  }

  /** As SIGSTOP: no message, wake-up or timer of leasewire's reaches it. Its leases' time goes on. */
  freeze(): void {
    this.#process.freeze();
  }

  /** As SIGCONT: what has come meanwhile happens now, in order. */
  thaw(): void {
    this.#process.thaw();
  }

  /** As SIGKILL: it can close nothing, and its peers notice. What its own code waits for never comes. */
  kill(): void {
    this.#ended = true;
    this.#process.kill();
  }

  /** Ends the process in an orderly way: its leases are released, and those that it holds given back. */
  exit(): void {
    if (this.#ended) return;
    this.#process.agent.close();
    this.kill();
  }

  async #homeAgent(): Promise<Agent> {
    const agent = this.#agent();
    if (this.#address !== undefined) this.#listening ??= agent.listenNetwork(this.#address);
    await this.#listening;
    return agent;
  }

  #agent(): Agent {
    if (this.#ended) throw new Disconnected('this process has ended');
    return this.#process.agent;
  }
}

function memBuilderIn(process: MemoryProcess): typeof MemBuilder {
  return class extends MemBuilder {
    static override attach(reference: string, options?: AttachOptions): Promise<MemLease> {
      return process.run(() => MemBuilder.attach(reference, options));
    }

    override acquire(): Promise<MemLease> {
      return process.run(() => super.acquire());
    }
  };
}

function fabricDnsIn(process: MemoryProcess): typeof FabricDns {
  return class extends FabricDns {
    static override open(options?: FabricDnsOptions): Promise<FabricDns> {
      return process.run(() => FabricDns.open(options));
    }
  };
}
