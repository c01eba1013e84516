// Finds services by name. The registry only says where to ask: what an instance offers, and whether it lives, its agent
// is asked itself, so that a record can be stale and yet mislead nobody.
import { hostname } from 'node:os';
import type { Agent } from '../agent/agent.ts';
import type { AttachOptions } from '../agent/home-connection.ts';
import { Contention, Disconnected, FabricError, Revoked } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import type { RpcServer } from '../rpc/server.ts';
import type { Registry } from './registry.ts';
import { checkServiceName, type ResolvedService, type ServiceRecord } from './service-record.ts';
import { type ServiceEvent, watchService } from './service-watch.ts';

export class FabricDns {
  readonly #agent: Agent;
  readonly #registry: Registry;
  /** What this agent has published, and how to stop listening for its lease's end. */
  readonly #published = new Map<ServiceRecord, () => void>();

  constructor(agent: Agent, registry: Registry) {
    this.#agent = agent;
    this.#registry = registry;
  }

  /** Publishes a server under a name until it is deregistered or its lease ends. Throws RangeError for a bad name. */
  async register(service: string, server: RpcServer): Promise<ServiceRecord> {
    checkServiceName(service);
    const { lease } = server;
    lease.check();
    const record: ServiceRecord = {
      service,
      instance: lease.id,
      node: hostname(),
      agent: this.#agent.id,
      lease: lease.id,
      generation: lease.generation,
      planes: [lease.plane],
      address: this.#agent.address,
    };
    this.#registry.publish(record);
    const forget = lease.onEnd(() => this.#withdraw(record));
    this.#published.set(record, forget);
    return record;
  }

  /** Withdraws what this agent has published under a name: all of it, or one server's. */
  async deregister(service: string, server?: RpcServer): Promise<void> {
    for (const record of [...this.#published.keys()]) {
      if (record.service !== service || (server !== undefined && record.lease !== server.lease.id)) continue;
      this.#withdraw(record);
    }
  }

  /** The living instances of a service, the least loaded first. Those whose process is gone are swept. */
  async resolve(service: string): Promise<ResolvedService[]> {
    const answers = await Promise.all(this.#registry.list(service).map((record) => this.#describe(record)));
    const living = answers.filter((answer) => answer !== undefined);
    return living.sort((a, b) => b.freeSlots - a.freeSlots);
  }

  /**
   * Attaches to an instance of a service. Rejects with Disconnected if none lives, and with Contention if all that live
   * have no slot left.
   */
  async connect(service: string, options: AttachOptions): Promise<HeldLease> {
    let refusal: FabricError = new Disconnected(`no instance of service ${service} is to be found`);
    for (const instance of await this.resolve(service)) {
      try {
        return await this.#agent.attach(instance.lease, options, instance.address);
      } catch (error) {
        refusal = FabricError.from(error);
        // Meanwhile taken, or gone: the next instance may do. Anything else is worth telling at once.
        if (!(refusal instanceof Contention || isGone(refusal))) throw refusal;
      }
    }
    throw refusal;
  }

  /** Tells of instances that come and go, beginning with those that are there. Ends when `signal` aborts. */
  watch(service: string, signal?: AbortSignal): AsyncGenerator<ServiceEvent, void, undefined> {
    checkServiceName(service);
    const resolve = (name: string) => this.resolve(name);
    return watchService({ service, agent: this.#agent, registry: this.#registry, resolve, signal });
  }

  /** Withdraws all that this agent has published. */
  async close(): Promise<void> {
    for (const record of [...this.#published.keys()]) this.#withdraw(record);
  }

  #withdraw(record: ServiceRecord): void {
    this.#published.get(record)?.();
    this.#published.delete(record);
    this.#registry.withdraw(record);
  }

  async #describe(record: ServiceRecord): Promise<ResolvedService | undefined> {
    try {
      const { layout, freeSlots, remainingMs } = await this.#agent.describe(record.lease, record.address);
      return { ...record, layout: layout.name, freeSlots, remainingMs };
    } catch (error) {
      // Its process, or its lease, is gone for good: ids are never used again.
      if (isGone(error)) this.#registry.withdraw(record);
      return undefined;
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Disconnected || error instanceof Revoked;
}
