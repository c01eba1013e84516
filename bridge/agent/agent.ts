// The agent of one environment: home to the leases that are acquired here, holder of those attached from here. It
// listens from the first acquisition on, in the private run-time directory, and needs no daemon.
import type { Carrier, CarrierListener, CarrierTransport } from '../control/carrier.ts';
import type { Description } from '../control/messages.ts';
import type { Environment } from '../environment.ts';
import { CapacityExceeded, Revoked } from '../errors.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import { HomeLease } from '../lease/home-lease.ts';
import { checkLeaseMs, type LeaseContext } from '../lease/lease.ts';
import { type AgentId, agentOf, type LeaseId, newAgentId, newLeaseId } from '../lease/lease-id.ts';
import { controlRequestMs, leaseBytesMax } from '../limits.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Plane } from '../plane/plane.ts';
import { HolderSession, type HomeLeases } from './holder-session.ts';
import { type AttachOptions, HomeConnection } from './home-connection.ts';
import type { RuntimeDirectory } from './runtime-directory.ts';

export interface AcquireRequest {
  readonly minBytes: number;
  readonly leaseMs: number;
  readonly hugePages: boolean;
}

export interface AgentParts {
  readonly environment: Environment;
  readonly plane: Plane;
  readonly transport: CarrierTransport;
  readonly directory: RuntimeDirectory;
}

/** A listener whose backlog is full is tried again this often. */
const connectRetryMs = 5;

export class Agent implements HomeLeases {
  readonly id: AgentId;
  readonly metrics: Metrics = new Metrics();
  readonly directory: RuntimeDirectory;
  readonly #parts: AgentParts;
  readonly #context: LeaseContext;
  readonly #leases = new Map<LeaseId, HomeLease>();
  readonly #sessions = new Set<HolderSession>();
  readonly #homes = new Map<string, HomeConnection>();
  readonly #connecting = new Map<string, Promise<HomeConnection>>();
  #listener: CarrierListener | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.directory = parts.directory;
    this.id = newAgentId(parts.environment.random.bytes(8));
    this.#context = { environment: parts.environment, metrics: this.metrics };
  }

  /** Where other processes reach this agent. */
  get address(): string {
    return this.directory.socketPath(this.id);
  }

  /** Grants a lease on fresh, zeroed memory of this machine. Throws RangeError or CapacityExceeded. */
  acquire(request: AcquireRequest): HomeLease {
    const { minBytes, leaseMs } = request;
    if (!Number.isSafeInteger(minBytes) || minBytes < 1 || minBytes > leaseBytesMax) {
      throw new RangeError(`a lease has from 1 to ${leaseBytesMax} bytes, not ${minBytes}`);
    }
    checkLeaseMs(leaseMs);
    this.#listen();
    const id = newLeaseId(this.id, this.#parts.environment.random.bytes(8));
    const memory = this.#parts.plane.allocate(request);
    const lease = new HomeLease({ id, memory, leaseMs, onEnded: () => this.#forget(lease) }, this.#context);
    this.#leases.set(id, lease);
    this.metrics.leasesAcquired += 1;
    this.metrics.leasesActive += 1;
    return lease;
  }

  /**
   * Attaches to a lease of this machine, from its home at `address`. Rejects with Disconnected if the home is gone,
   * Revoked if it has no such lease (any more), and Contention if a slot was wanted and all are taken.
   */
  async attach(id: LeaseId, options: AttachOptions, address?: string): Promise<HeldLease> {
    const home = await this.#homeAt(address ?? this.directory.socketPath(agentOf(id)));
    return home.attach(id, options);
  }

  /** Asks a home what a lease offers. */
  async describe(id: LeaseId, address: string): Promise<Description> {
    const home = await this.#homeAt(address);
    return home.describe(id);
  }

  /** A connection of its own to another agent, whose end tells of that agent's end. */
  async watch(address: string, onGone: () => void): Promise<{ close(): void }> {
    const carrier = await this.#connect(address);
    carrier.open({ onMessage: () => undefined, onClose: onGone });
    return carrier;
  }

  find(id: LeaseId): HomeLease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new Revoked(`lease ${id} is not granted here (any more)`);
    return lease;
  }

  sessionEnded(session: HolderSession): void {
    this.#sessions.delete(session);
  }

  /** Ends everything: leases of this home are released, holders see their connections close. */
  close(): void {
    for (const lease of [...this.#leases.values()]) lease.end('released');
    for (const home of [...this.#homes.values()]) home.close();
    for (const session of [...this.#sessions]) session.close();
    this.#sessions.clear();
    this.#listener?.close();
    this.#listener = undefined;
  }

  #forget(lease: HomeLease): void {
    this.#leases.delete(lease.id);
    this.metrics.leasesActive -= 1;
    if (lease.status === 'released') this.metrics.leasesReleased += 1;
  }

  #listen(): void {
    if (this.#listener !== undefined) return;
    const { transport, environment } = this.#parts;
    this.directory.sweepAgents(transport);
    this.#listener = transport.listen(this.address, (carrier) => {
      this.#sessions.add(new HolderSession(carrier, this, environment.clock));
    });
  }

  /** One connection to each home, also for those who ask at the same time. */
  #homeAt(address: string): Promise<HomeConnection> {
    const known = this.#homes.get(address);
    if (known !== undefined && !known.closed) return Promise.resolve(known);
    const connecting =
      this.#connecting.get(address) ?? this.#connectHome(address).finally(() => this.#connecting.delete(address));
    this.#connecting.set(address, connecting);
    return connecting;
  }

  async #connectHome(address: string): Promise<HomeConnection> {
    const carrier = await this.#connect(address);
    const home = new HomeConnection(carrier, this.#parts.plane, this.#context, () => {
      if (this.#homes.get(address) === home) this.#homes.delete(address);
    });
    this.#homes.set(address, home);
    return home;
  }

  /** Connects, waiting while the listener's backlog is full. */
  async #connect(address: string): Promise<Carrier> {
    const { transport, environment } = this.#parts;
    const { clock } = environment;
    const untilMs = clock.nowMs() + controlRequestMs;
    for (;;) {
      try {
        return transport.connect(address);
      } catch (error) {
        if (!(error instanceof CapacityExceeded) || clock.nowMs() >= untilMs) throw error;
        await new Promise<void>((resolve) => {
          clock.after(connectRetryMs, resolve);
        });
      }
    }
  }
}
