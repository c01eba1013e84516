// Finds services by name: those of this machine first, then those that peers know. Registry and peers only say where to
// ask: what an instance offers, and whether it lives, its agent is asked itself, so that a record can be stale and yet
// mislead nobody.
import { hostname } from 'node:os';
import type { Agent } from '../agent/agent.ts';
import type { AttachOptions } from '../agent/home-connection.ts';
import { Disconnected, FabricError, type FabricErrorCode, Revoked, Unsupported } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { Lease } from '../lease/lease.ts';
import { peerPollMs } from '../limits.ts';
import { formatNetworkAddress, type NetworkAddress } from '../network-address.ts';
import { Peers } from './peers.ts';
import type { Registry } from './registry.ts';
import { checkServiceName, type ResolvedService, type ServiceRecord } from './service-record.ts';
import { byLoad, type FoundService, type PeersView, type ServiceView } from './service-view.ts';
import { type ServiceEvent, watchService } from './service-watch.ts';

/** What can be published: a server, or a queue at its home. */
export interface Offered {
  readonly lease: Lease;
}

export class FabricDns {
  readonly #agent: Agent;
  readonly #registry: Registry;
  readonly #peers: Peers;
  /** What this agent has published, and how to stop listening for its lease's end. */
  readonly #published = new Map<ServiceRecord, () => void>();

  /** `peers`: agents of other machines, which know the services there. */
  constructor(agent: Agent, registry: Registry, peers: readonly NetworkAddress[] = []) {
    this.#agent = agent;
    this.#registry = registry;
    this.#peers = new Peers(agent, peers);
  }

  /**
   * Publishes a server or a queue under a name until it is deregistered or its lease ends. Rejects with RangeError for a bad
   * name, and Unsupported for a holder's end.
   */
  async register(service: string, { lease }: Offered): Promise<ServiceRecord> {
    checkServiceName(service);
    if (!(lease instanceof HomeLease)) throw new Unsupported('what is published is at home here');
    lease.check();
    const { id: agent, address, networkAddress } = this.#agent;
    const record: ServiceRecord = {
      service,
      instance: lease.id,
      node: hostname(),
      agent,
      lease: lease.id,
      generation: lease.generation,
      planes: this.#agent.planesOf(lease),
      address,
      ...(networkAddress !== undefined && { network: formatNetworkAddress(networkAddress) }),
    };
    this.#registry.publish(record);
    const forget = lease.onEnd(() => this.#withdraw(record));
    this.#published.set(record, forget);
    return record;
  }

  /** Withdraws what this agent has published under a name: all of it, or one lease's. */
  async deregister(service: string, server?: Offered): Promise<void> {
    for (const record of [...this.#published.keys()]) {
      if (record.service !== service || (server !== undefined && record.lease !== server.lease.id)) continue;
      this.#withdraw(record);
    }
  }

  /**
   * The living instances of a service: those of this machine, then the others, each the least loaded first. Those of
   * this machine whose process is gone are swept.
   */
  async resolve(service: string): Promise<ResolvedService[]> {
    const { found } = await this.#look(service);
    return found.map(({ instance }) => instance);
  }

  /**
   * Attaches to an instance of a service, on this machine if there is one. Rejects with Disconnected if none lives,
   * Contention or CapacityExceeded if all that can be reached have no slots left, and Unsupported if no plane reaches those
   * that live.
   */
  async connect(service: string, options: AttachOptions): Promise<HeldLease> {
    const refusals: FabricError[] = [];
    const here = await this.#here(service);
    const near = await this.#attachAny(here.found, options, refusals);
    if (near !== undefined) return near;
    const { found, silent } = await this.#far(service);
    const far = await this.#attachAny(found, options, refusals);
    if (far !== undefined) return far;
    throw mostTelling(refusals) ?? nobodyFound(service, silent);
  }

  /** Tells of instances that come and go, beginning with those that are there. Ends when `signal` aborts. */
  watch(service: string, signal?: AbortSignal): AsyncGenerator<ServiceEvent, void, undefined> {
    checkServiceName(service);
    const look = (name: string) => this.#look(name);
    const pollMs = this.#peers.some ? peerPollMs : undefined;
    return watchService({ service, agent: this.#agent, registry: this.#registry, look, pollMs, signal });
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

  /** All living instances: the nearest first, then the least loaded. */
  async #look(service: string): Promise<ServiceView> {
    const [here, { found, silent }] = await Promise.all([this.#here(service), this.#far(service)]);
    return { found: [...here.found, ...found], silent, quiet: here.quiet };
  }

  async #here(service: string): Promise<Pick<ServiceView, 'found' | 'quiet'>> {
    const answers = await Promise.all(this.#registry.list(service).map((record) => this.#describe(record)));
    const found = answers.filter((answer) => typeof answer === 'object');
    return { found: found.sort(byLoad), quiet: answers.includes('quiet') };
  }

  async #far(service: string): Promise<PeersView> {
    const here = this.#registry.list(service).map(({ instance }) => instance);
    return this.#peers.resolve(service, new Set(here));
  }

  async #describe(record: ServiceRecord): Promise<FoundService | 'gone' | 'quiet'> {
    const { address } = record;
    try {
      const { layout, freeSlots, remainingMs } = await this.#agent.describe(record.lease, address);
      return { instance: { ...record, layout: layout.name, freeSlots, remainingMs }, address, peer: undefined };
    } catch (error) {
      // Its process, or its lease, is gone for good: ids are never used again.
      if (!isGone(error)) return 'quiet';
      this.#registry.withdraw(record);
      return 'gone';
    }
  }

  /** Attaches to the first of them that can be had; says in `refusals` why others cannot. */
  async #attachAny(
    found: readonly FoundService[],
    options: AttachOptions,
    refusals: FabricError[],
  ): Promise<HeldLease | undefined> {
    for (const { instance, address } of found) {
      try {
        return await this.#agent.attach(instance.lease, options, address);
      } catch (error) {
        const refusal = FabricError.from(error);
        if (!isPassedOver(refusal)) throw refusal;
        refusals.push(refusal);
      }
    }
    return undefined;
  }
}

/** What can be waited for, then what can be changed, then what is over. */
function mostTelling(refusals: readonly FabricError[]): FabricError | undefined {
  const first = (code: FabricErrorCode) => refusals.find((each) => each.code === code);
  return first('CapacityExceeded') ?? first('Contention') ?? first('Unsupported') ?? refusals.at(-1);
}

function nobodyFound(service: string, silent: PeersView['silent']): Disconnected {
  const reasons = [...silent].map(([peer, { message }]) => `; peer ${peer}: ${message}`);
  return new Disconnected(`no instance of service ${service} is to be found${reasons.join('')}`);
}

/** Meanwhile taken, or full, or gone, or out of reach: the next instance may do. Anything else is worth telling at once. */
function isPassedOver({ code }: FabricError): boolean {
  return ['Contention', 'CapacityExceeded', 'Unsupported', 'Disconnected', 'Revoked'].includes(code);
}

function isGone(error: unknown): boolean {
  return error instanceof Disconnected || error instanceof Revoked;
}
