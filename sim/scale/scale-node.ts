// One node: a process on a machine of its own, home to some leases and holder of others, whose messages are counted.
import { FabricDns, type NetworkAddress } from '#bridge';
import { MemoryRecords } from '../memory-registry.ts';
import type { Process } from '../process.ts';
import type { World } from '../world.ts';
import { serveGrants } from './grants.ts';
import { Tenant } from './tenant.ts';
import { Traffic } from './traffic.ts';
import { type Offer, offerOf, View } from './view.ts';

const port = 7000;

export interface NodeOptions {
  readonly index: number;
  /** How long a node is busy with one control message. */
  readonly messageMs: number;
}

export class ScaleNode {
  readonly index: number;
  readonly address: NetworkAddress;
  readonly process: Process;
  readonly traffic: Traffic;
  readonly view: View;
  readonly tenant: Tenant;
  /** What it serves, once it does. */
  offer: Offer | undefined;
  #carriersMax = 0;

  constructor(world: World, { index, messageMs }: NodeOptions) {
    this.index = index;
    this.address = { host: `node-${index}`, port };
    this.process = world.process({ far: true, records: new MemoryRecords() });
    const { clock, transport } = this.process;
    const nowMs = () => clock.timeMs;
    this.traffic = new Traffic(messageMs, nowMs);
    this.view = new View(nowMs, () => this.tenant.fill());
    this.tenant = new Tenant(this.process, this.view);
    transport.receiveMs = (bytes) => {
      this.#carriersMax = Math.max(this.#carriersMax, transport.open);
      return this.traffic.receive(bytes);
    };
  }

  async serve(service: string, leaseMs: number): Promise<void> {
    const { agent, registry } = this.process;
    await agent.listenNetwork(this.address);
    const dns = new FabricDns(agent, registry);
    this.offer = offerOf(await serveGrants(this.process, dns, service, leaseMs));
  }

  /** Asks the peers for the service, again and again. */
  watch(service: string, peers: readonly NetworkAddress[]): void {
    const { agent, registry } = this.process;
    void this.view.watch(new FabricDns(agent, registry, peers), service);
  }

  /** Leases that it has granted, and the one that it serves. */
  get leasesAtHome(): number {
    return this.process.agent.metrics.leasesActive - this.tenant.held.size;
  }

  /** Both ends of its sessions and of its watching, but for questions that are under way. */
  get connectionsAtRest(): number {
    return this.process.transport.open;
  }

  /** Connections that were open at once, at most, since this was last read. */
  takeCarriersMax(): number {
    const carriers = this.#carriersMax;
    this.#carriersMax = this.process.transport.open;
    return carriers;
  }

  /** As a machine that loses its power: nobody says so. */
  silence(): void {
    this.tenant.close();
    this.process.freeze();
    this.process.transport.loseAll();
  }

  /** As a process that is killed: its machine closes its connections. */
  kill(): void {
    this.tenant.close();
    this.process.kill();
  }
}
