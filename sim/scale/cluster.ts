// The nodes of one size. Ten homes serve under one name, and ten other nodes use it; so a larger cluster has more
// services, and nobody has more to do with others, but for whom it asks: `FabricDns` asks every node for a service.
import { peerPollMs } from '#bridge';
import type { World } from '../world.ts';
import { ScaleNode } from './scale-node.ts';
import { Tally } from './traffic.ts';
import type { Offer } from './view.ts';

/** Between two that go, milliseconds. */
const goingMs = 1;

export const instancesPerService = 10;

export interface ClusterOptions {
  readonly nodes: number;
  readonly leasesPerNode: number;
  /** Nodes that watch their service; the others are told once where its homes are, as by the settings of a program. */
  readonly watchers: number;
  readonly leaseMs: number;
  readonly messageMs: number;
  /** Nodes are lost as machines without power are, and not as processes that are killed. */
  readonly silent: boolean;
}

export class Cluster {
  readonly options: ClusterOptions;
  readonly #world: World;
  readonly #services: number;
  #nodes: ScaleNode[];

  constructor(world: World, options: ClusterOptions) {
    this.options = options;
    this.#world = world;
    this.#services = Math.max(1, Math.floor(options.nodes / instancesPerService));
    const { messageMs } = options;
    this.#nodes = Array.from({ length: options.nodes }, (_, index) => new ScaleNode(world, { index, messageMs }));
  }

  /** Those that live. */
  get nodes(): readonly ScaleNode[] {
    return this.#nodes;
  }

  get watchers(): readonly ScaleNode[] {
    return this.#nodes.filter(({ view }) => view.watches);
  }

  async serve(): Promise<void> {
    for (const [index, node] of this.#nodes.entries()) await node.serve(this.#served(index), this.options.leaseMs);
  }

  tellHomes(): void {
    const offers = this.#offersOf();
    for (const { index, view } of this.#nodes) view.tell(offers.get(this.#used(index)) ?? []);
  }

  /** Watchers begin within one period of their asking, so that they go on at all times of it. */
  async watchHomes(): Promise<void> {
    const { watchers } = this.options;
    const addresses = this.#nodes.map(({ address }) => address);
    for (const node of this.#nodes.slice(0, watchers)) {
      const peers = addresses.filter((address) => address !== node.address);
      node.watch(this.#used(node.index), peers);
      await this.#world.clock.advance(peerPollMs / watchers);
    }
  }

  /** Over `ms`, one node after another begins to want its leases. */
  async wantLeases(ms: number): Promise<void> {
    for (const node of this.#nodes) {
      node.tenant.want(this.options.leasesPerNode);
      await this.#world.clock.advance(ms / this.#nodes.length);
    }
  }

  /** Watchers that do not know exactly the homes of their service that live. */
  get wrongViews(): number {
    const living = new Map([...this.#offersOf()].map(([name, offers]) => [name, new Set(offers.map((o) => o.lease))]));
    return this.watchers.filter((node) => !node.view.isExactly(living.get(this.#used(node.index)) ?? new Set())).length;
  }

  /** Nodes that lack leases, or hold some of homes that are dead. */
  get unserved(): number {
    const agents = new Set<string>(this.#nodes.map(({ process }) => process.agent.id));
    return this.#nodes.filter(({ tenant }) => !tenant.isFull || !tenant.livesBy(agents)).length;
  }

  /** What all that live have received. */
  get received(): Tally {
    return this.#nodes.reduce((sum, { traffic }) => sum.plus(traffic.received), new Tally());
  }

  /** At once, these nodes; they are not among `nodes` any more. */
  lose(doomed: ReadonlySet<ScaleNode>): void {
    this.#nodes = this.#nodes.filter((node) => !doomed.has(node));
    for (const node of doomed) {
      if (this.options.silent) node.silence();
      else node.kill();
    }
  }

  /**
   * For nodes that watch no more: none wants anything from here on, and one after another goes, as all that is given back at once is
   * too much for one instant.
   */
  async close(): Promise<void> {
    for (const { tenant } of this.#nodes) tenant.close();
    for (const { process } of this.#nodes) {
      process.agent.close();
      await this.#world.clock.advance(goingMs);
    }
  }

  #served(index: number): string {
    return `service-${index % this.#services}`;
  }

  #used(index: number): string {
    return this.#served(index + 1);
  }

  /** By service. */
  #offersOf(): Map<string, Offer[]> {
    const offers = new Map<string, Offer[]>();
    for (const { index, offer } of this.#nodes) {
      const name = this.#served(index);
      if (offer !== undefined) offers.set(name, [...(offers.get(name) ?? []), offer]);
    }
    return offers;
  }
}
