// A node as a holder: it has so many leases of homes that it knows, as many of each, renews them, and takes others where
// some are lost.
import { type Agent, agentOf, FabricError, type LeaseId, type RenewalPolicy, RpcClient } from '#bridge';
import type { Process } from '../process.ts';
import { decodeIds, encodeCount, grantMethod } from './grants.ts';
import type { Offer, View } from './view.ts';

type HeldLease = Awaited<ReturnType<Agent['attach']>>;

/** How soon it asks again where nobody could help. */
const againMs = 100;
/** As by default, but for the shortest delay: whoever attached gets its lease's own share. */
const renewal: RenewalPolicy = { fraction: 0.75, jitter: 0.1, delayMsMin: 0, backoffMsMax: 5000 };

export class Tenant {
  readonly #process: Process;
  readonly #view: View;
  readonly #held = new Set<HeldLease>();
  readonly #heldOf = new Map<string, number>();
  /** Agents that are gone, or do not answer. Each start of a process is another agent. */
  readonly #gone = new Set<string>();
  #wanted = 0;
  #filling = false;
  #closed = false;
  #changedAtMs = 0;

  constructor(process: Process, view: View) {
    this.#process = process;
    this.#view = view;
  }

  get held(): ReadonlySet<HeldLease> {
    return this.#held;
  }

  get isFull(): boolean {
    return this.#held.size === this.#wanted;
  }

  /** When it last lost or got a lease. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  /** Whether all that it holds is alive, as are the agents that granted it. */
  livesBy(agents: ReadonlySet<string>): boolean {
    return [...this.#held].every(({ id, interrupted }) => !interrupted && agents.has(agentOf(id)));
  }

  want(leases: number): void {
    this.#wanted = leases;
    this.fill();
  }

  close(): void {
    this.#closed = true;
  }

  fill(): void {
    if (this.#filling || this.#closed || this.isFull) return;
    this.#filling = true;
    void this.#fill().finally(() => {
      this.#filling = false;
    });
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#held.size < this.#wanted) {
      const offer = this.#leastUsed();
      if (offer === undefined || !(await this.#tookFrom(offer))) await this.#pause();
    }
  }

  #leastUsed(): Offer | undefined {
    const held = ({ agent }: Offer) => this.#heldOf.get(agent) ?? 0;
    const self: string = this.#process.agent.id;
    const others = this.#view.offers.filter(({ agent }) => agent !== self && !this.#gone.has(agent));
    return others.reduce<Offer | undefined>(
      (least, each) => (least === undefined || held(each) < held(least) ? each : least),
      undefined,
    );
  }

  /** False if this home could not help, but may be asked again. */
  async #tookFrom(offer: Offer): Promise<boolean> {
    try {
      await this.#takeFrom(offer);
      return true;
    } catch (error) {
      if (!(error instanceof FabricError)) throw error;
      if (error.code !== 'Disconnected' && error.code !== 'DeadlineExceeded') return false;
      this.#gone.add(offer.agent);
      return true;
    }
  }

  async #takeFrom(offer: Offer): Promise<void> {
    const { agent } = this.#process;
    const share = Math.ceil(this.#wanted / this.#view.offers.length);
    const count = Math.min(share, this.#wanted - this.#held.size);
    const lease = await agent.attach(offer.lease, { slots: 1 }, offer.address);
    try {
      const client = new RpcClient(lease, { wait: 'event' });
      const granted = decodeIds(await client.call(grantMethod, encodeCount(count)));
      await Promise.all(granted.map((id) => this.#attach(id, offer)));
    } finally {
      await lease.release();
    }
  }

  async #attach(id: LeaseId, offer: Offer): Promise<void> {
    const lease = await this.#process.agent.attach(id, { slots: 0 }, offer.address);
    lease.renewAutomatically(renewal);
    this.#count(lease, offer, 1);
    lease.onEnd((status) => {
      this.#count(lease, offer, -1);
      if (status === 'disconnected') this.#gone.add(offer.agent);
      // Those of the same home end in the same turn.
      this.#process.clock.after(0, () => this.fill());
    });
  }

  #count(lease: HeldLease, { agent }: Offer, sign: 1 | -1): void {
    if (sign > 0) this.#held.add(lease);
    else this.#held.delete(lease);
    this.#heldOf.set(agent, (this.#heldOf.get(agent) ?? 0) + sign);
    this.#changedAtMs = this.#process.clock.timeMs;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.clock.after(againMs, resolve);
    });
  }
}
