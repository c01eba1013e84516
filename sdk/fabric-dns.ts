// Services by name, for programs.
import {
  type Agent,
  FabricDns as BridgeDns,
  parsePeers,
  type ResolvedService,
  type ServiceEvent,
  type ServiceRecord,
} from '#bridge';
import { fabricHere } from './fabric.ts';
import type { FabricQueue } from './fabric-queue.ts';
import { type AttachOptions, checkSlots } from './mem-builder.ts';
import { MemLease } from './mem-lease.ts';
import type { RpcServer } from './rpc.ts';

export interface FabricDnsOptions {
  /** The run-time directory that holds the records, an absolute path, private to this user. Defaults to the user's own. */
  readonly directory?: string;
  /**
   * Where agents of other machines listen, `host:port`, which are asked for the services there. Defaults to what
   * `LEASEWIRE_PEERS` says.
   */
  readonly peers?: readonly string[];
}

/**
 * Finds services by name, on this machine and on those of its peers:
 *
 *     await using dns = await FabricDns.open();
 *     const lease = await dns.connect('echo');
 *
 * Names are 1 to 128 letters, digits, `.`, `_` and `-`.
 */
export class FabricDns implements AsyncDisposable {
  readonly #dns: BridgeDns;
  readonly #agent: Agent;

  protected constructor(dns: BridgeDns, agent: Agent) {
    this.#dns = dns;
    this.#agent = agent;
  }

  /** Rejects with IoError if the directory cannot be made, or others can get in, and TypeError for peers that are none. */
  static async open(options: FabricDnsOptions = {}): Promise<FabricDns> {
    const fabric = fabricHere();
    const agent = fabric.agent();
    const registry = fabric.registry(options.directory);
    const peers = options.peers === undefined ? fabric.peers() : parsePeers(options.peers);
    return new FabricDns(new BridgeDns(agent, registry, peers), agent);
  }

  /**
   * Publishes a server, or a queue at its home, under a name, until it is deregistered, its lease ends, or this is closed.
   * Rejects with Unsupported for a queue's end at a holder.
   */
  register(service: string, server: RpcServer | Pick<FabricQueue, 'lease' | 'memLease'>): Promise<ServiceRecord> {
    return this.#dns.register(service, server);
  }

  /** Withdraws what this process has published under a name: all of it, or one server's. */
  deregister(service: string, server?: RpcServer | Pick<FabricQueue, 'lease' | 'memLease'>): Promise<void> {
    return this.#dns.deregister(service, server);
  }

  /** The living instances of a service: the nearest first, of those the least loaded. */
  resolve(service: string): Promise<ResolvedService[]> {
    return this.#dns.resolve(service);
  }

  /**
   * Tells of instances that come and go, those that are there first, until `signal` aborts or the loop is left. Peers are
   * asked for new ones every 2 s.
   */
  watch(service: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<ServiceEvent, void, undefined> {
    return this.#dns.watch(service, options.signal);
  }

  /**
   * Attaches to the best instance of a service. Rejects with Disconnected if none lives, Contention if those that live
   * have no free slot, CapacityExceeded if one has fewer than are wanted, Unsupported if no plane reaches them.
   */
  async connect(service: string, options: Pick<AttachOptions, 'slots'> = {}): Promise<MemLease> {
    return new MemLease(await this.#dns.connect(service, { slots: checkSlots(options.slots) }), this.#agent);
  }

  /** Withdraws all that was published here. Leases that were connected stay. */
  close(): Promise<void> {
    return this.#dns.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
