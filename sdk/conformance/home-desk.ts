// What a home process has: its leases, with their servers, clients and services. The commands of home-host.ts work on
// these; they use the public API alone.
import {
  type FabricDns,
  FabricQueue,
  implement,
  type MemLease,
  payloadBytesMax,
  type QueueShape,
  RpcClient,
  type RpcHandler,
  RpcServer,
  type RpcServerOptions,
} from '../index.ts';
import type { LeaseClasses } from './fixture.ts';
import { HomeMethods } from './home-methods.ts';
import type { AcquireRequest, AttachRequest, LeaseFacts } from './home-protocol.ts';
import { doorkeeper, homeImplementation, homeService } from './home-service.ts';

/** One lease of a home process, and whatever it does with it. */
export class DeskLease {
  readonly lease: MemLease;
  readonly #handler: HomeMethods;
  readonly #callWaiters = new Set<() => void>();
  #server: RpcServer | undefined;
  #client: RpcClient | undefined;
  #queue: FabricQueue | undefined;
  #stop = new AbortController();
  #serving: Promise<void> | undefined;

  constructor(lease: MemLease) {
    this.lease = lease;
    this.#handler = new HomeMethods(lease, payloadBytesMax, () => {
      for (const look of this.#callWaiters) look();
    });
  }

  get facts(): LeaseFacts {
    const { id, url, generation, plane, status, size, remainingMs } = this.lease;
    return { id, url, generation, plane, status, size, remainingMs };
  }

  get calls(): number {
    return this.#handler.calls;
  }

  get serving(): Promise<void> {
    if (this.#serving === undefined) throw new Error(`lease ${this.lease.id} has not been served`);
    return this.#serving;
  }

  get server(): RpcServer {
    if (this.#server === undefined) throw new Error(`lease ${this.lease.id} has no server`);
    return this.#server;
  }

  openServer(options: RpcServerOptions = {}): RpcServer {
    this.#server = new RpcServer(this.lease, options);
    return this.#server;
  }

  serve(options: RpcServerOptions = {}): void {
    this.#serve(this.#handler, options);
  }

  serveService(options: RpcServerOptions = {}): void {
    this.#serve(implement(homeService, homeImplementation, { middleware: [doorkeeper] }), options);
  }

  #serve(handler: RpcHandler, options: RpcServerOptions): void {
    const server = this.#server ?? this.openServer(options);
    this.#stop = new AbortController();
    this.#serving = server.serve(handler, { signal: this.#stop.signal });
    // Whoever asks how it ended is told; that nobody may ask is no failure.
    this.#serving.catch(() => undefined);
  }

  serveTwice(): Promise<void> {
    return this.server.serve(this.#handler);
  }

  async stopServing(): Promise<void> {
    this.#stop.abort();
    await this.serving;
  }

  called(count: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.calls < count) return;
        this.#callWaiters.delete(look);
        resolve();
      };
      this.#callWaiters.add(look);
      look();
    });
  }

  call(methodId: number, payload: Uint8Array): Promise<Uint8Array> {
    this.#client ??= new RpcClient(this.lease);
    return this.#client.call(methodId, payload);
  }

  get hasQueue(): boolean {
    return this.#queue !== undefined;
  }

  get queue(): FabricQueue {
    if (this.#queue === undefined) throw new Error(`lease ${this.lease.id} has no queue here`);
    return this.#queue;
  }

  createQueue(shape: QueueShape): void {
    this.#queue = FabricQueue.create(this.lease, shape);
  }

  async attachQueue(): Promise<void> {
    this.#queue = await FabricQueue.attach(this.lease);
  }

  async sendAll(values: readonly unknown[]): Promise<void> {
    for (const value of values) await this.queue.send(value);
  }

  async receive(count: number): Promise<unknown[]> {
    const values: unknown[] = [];
    while (values.length < count) {
      const value = await this.queue.receive();
      if (value === undefined) break;
      values.push(value);
    }
    return values;
  }

  ended(): Promise<LeaseFacts['status']> {
    if (this.lease.status !== 'active') return Promise.resolve(this.lease.status);
    return new Promise((resolve) => {
      this.lease.onEnd(resolve);
    });
  }
}

/** All leases and services of a home process. */
export class HomeDesk {
  readonly #leases = new Map<string, DeskLease>();
  readonly #services = new Set<string>();
  readonly #classes: LeaseClasses;
  readonly #dns: FabricDns;

  constructor(classes: LeaseClasses, dns: FabricDns) {
    this.#classes = classes;
    this.#dns = dns;
  }

  async acquire({ minBytes, leaseSecs, autoRenew }: AcquireRequest): Promise<LeaseFacts> {
    const builder = new this.#classes.MemBuilder();
    if (minBytes !== undefined) builder.minBytes(minBytes);
    if (leaseSecs !== undefined) builder.leaseSecs(leaseSecs);
    if (autoRenew !== undefined) builder.autoRenew(autoRenew);
    return this.#add(await builder.acquire());
  }

  async attach({ reference, slots = 1 }: AttachRequest): Promise<LeaseFacts> {
    return this.#add(await this.#classes.MemBuilder.attach(reference, { slots }));
  }

  find(id: string): DeskLease {
    const found = this.#leases.get(id);
    if (found === undefined) throw new Error(`this process has no lease ${id}`);
    return found;
  }

  async register(service: string, entry: DeskLease): Promise<void> {
    await this.#dns.register(service, entry.hasQueue ? entry.queue : entry.server);
    this.#services.add(service);
  }

  async deregister(service: string): Promise<void> {
    await this.#dns.deregister(service);
    this.#services.delete(service);
  }

  async reset(): Promise<void> {
    for (const service of [...this.#services]) await this.deregister(service);
    for (const { lease } of this.#leases.values()) await lease.release();
    this.#leases.clear();
  }

  #add(lease: MemLease): LeaseFacts {
    const entry = new DeskLease(lease);
    this.#leases.set(lease.id, entry);
    return entry.facts;
  }
}
