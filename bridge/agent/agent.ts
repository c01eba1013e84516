// The agent of one environment: home to the leases that are acquired here, holder of those attached from here. It
// listens from the first acquisition on, in the private run-time directory, and where it is told to on the network; it
// needs no daemon.
import type {
  Carrier,
  CarrierListener,
  CarrierTransport,
  NetworkListener,
  NetworkTransport,
} from '../control/carrier.ts';
import { ControlConnection } from '../control/connection.ts';
import type { Description, Request } from '../control/messages.ts';
import type { Registry } from '../dns/registry.ts';
import type { ServiceRecord } from '../dns/service-record.ts';
import { toldServices } from '../dns/told-services.ts';
import type { Clock, Environment } from '../environment.ts';
import { MalformedFrame, Revoked, Unsupported } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { HeldLease } from '../lease/held-lease.ts';
import { HomeLease } from '../lease/home-lease.ts';
import { checkLeaseMs, type Lease, type LeaseContext } from '../lease/lease.ts';
import { type AgentId, agentOf, type LeaseId, newAgentId, newLeaseId } from '../lease/lease-id.ts';
import { leaseBytesMax } from '../limits.ts';
import { Metrics } from '../metrics/metrics.ts';
import { isWildcard, type NetworkAddress } from '../network-address.ts';
import type { LinkPlane, Plane, PlaneName } from '../plane/plane.ts';
import { connectHere } from './connect-here.ts';
import { HolderKeys } from './holder-keys.ts';
import { HolderSession, type HomeLeases } from './holder-session.ts';
import { type AttachOptions, HomeConnection } from './home-connection.ts';
import { type AgentAddress, type HomePlace, nameOfPlace } from './home-place.ts';
import { Reconnection } from './reconnection.ts';
import { isAlive, type RuntimeDirectory } from './runtime-directory.ts';

export interface AcquireRequest {
  readonly minBytes: number;
  readonly leaseMs: number;
  readonly hugePages: boolean;
}

export interface AgentParts {
  readonly environment: Environment;
  readonly plane: Plane;
  /**
   * By which leases reach other machines, or the one at the other end of a carrier. Throws Unsupported, saying why, if none
   * can.
   */
  readonly networkPlane: (carrier?: Carrier) => LinkPlane;
  /** Whether an address of the network is used also where its agent is on this machine. */
  readonly networkFirst?: boolean;
  readonly transport: CarrierTransport;
  readonly network: NetworkTransport;
  readonly directory: RuntimeDirectory;
  /** The services of this machine. */
  readonly registry: Registry;
}

export class Agent implements HomeLeases {
  readonly id: AgentId;
  readonly metrics: Metrics = new Metrics();
  readonly directory: RuntimeDirectory;
  readonly #parts: AgentParts;
  readonly #context: LeaseContext;
  readonly #leases = new Map<LeaseId, HomeLease>();
  readonly #sessions = new Set<HolderSession>();
  /** Of leases that were attached by such an address. */
  readonly #networkAddresses = new WeakMap<Lease, NetworkAddress>();
  readonly #holderKeys: HolderKeys;
  /** By the names of their places. */
  readonly #homes = new Map<string, HomeConnection>();
  readonly #connecting = new Map<string, Promise<HomeConnection>>();
  readonly #reconnections = new Set<Reconnection>();
  #listener: CarrierListener | undefined;
  #networkListener: NetworkListener | undefined;
  #networkAddress: NetworkAddress | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.directory = parts.directory;
    this.id = newAgentId(parts.environment.random.bytes(8));
    this.#holderKeys = new HolderKeys(parts.environment.random);
    this.#context = { environment: parts.environment, metrics: this.metrics };
  }

  get clock(): Clock {
    return this.#parts.environment.clock;
  }

  /** Where other processes of this machine reach this agent. */
  get address(): string {
    return this.directory.socketPath(this.id);
  }

  /** Where other machines reach this agent; undefined if it does not listen there, or cannot know. */
  get networkAddress(): NetworkAddress | undefined {
    return this.#networkAddress;
  }

  /**
   * Listens on the network too, from now until the agent closes; port 0 takes any. Others are told of `advertised`, whose
   * port 0 stands for the one taken, or else of where it listens, unless that is everywhere. Returns what was taken.
   */
  async listenNetwork(address: NetworkAddress, advertised?: NetworkAddress): Promise<NetworkAddress> {
    invariant(this.#networkListener === undefined, 'an agent listens at one address of the network');
    const listener = await this.#parts.network.listen(address, (carrier) => this.#accept(carrier));
    this.#networkListener = listener;
    const { host, port } = advertised ?? listener.address;
    if (!isWildcard(host)) this.#networkAddress = { host, port: port === 0 ? listener.address.port : port };
    return listener.address;
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
   * Attaches to a lease, from its home at `address`, or on this machine if it is there; as often as it is asked for, each
   * time as another holder. Rejects with Disconnected if the home is gone, Revoked if it has no such lease (any more),
   * Contention or CapacityExceeded if slots were wanted and too few are free, and Unsupported if no plane reaches it.
   */
  async attach(id: LeaseId, options: AttachOptions, address?: AgentAddress): Promise<HeldLease> {
    const peer = agentOf(id);
    const place = { address: this.#nearest(peer, address), peer };
    // Over one connection a lease is attached once.
    const attach = (home: HomeConnection) => (home.holds(id) ? undefined : home.attach(id, options));
    let lease: HeldLease | undefined;
    for (let ordinal = 0; lease === undefined; ordinal++) {
      lease = await this.#withHome({ ...place, ordinal }, attach);
    }
    if (typeof address === 'object') this.#networkAddresses.set(lease, address);
    return lease;
  }

  /** Where the home of a lease of this agent, acquired or attached, is reached over the network, as far as is known here. */
  networkAddressOf(lease: Lease): NetworkAddress | undefined {
    return agentOf(lease.id) === this.id ? this.#networkAddress : this.#networkAddresses.get(lease);
  }

  /** Asks a home what a lease offers. */
  describe(id: LeaseId, address: AgentAddress): Promise<Description> {
    return this.#withHome({ address, peer: agentOf(id) }, (home) => home.describe(id));
  }

  /** Asks whoever listens at an address for the instances of a service on its node. */
  resolve(service: string, address: NetworkAddress): Promise<readonly ServiceRecord[]> {
    return this.#withHome({ address }, (home) => home.resolve(service));
  }

  /** A connection of its own to another agent, whose end tells of that agent's end. */
  async watch(peer: AgentId, address: AgentAddress, onGone: () => void): Promise<{ close(): void }> {
    const carrier = await this.#connect(address);
    const owner = { onRequest: refuseRequest, onNotice: () => undefined, onClose: onGone };
    return new ControlConnection(carrier, this.#parts.environment.clock, owner, { self: this.id, peer });
  }

  /** By which plane leases get to whoever is at the other end, or from there. Throws Unsupported if none does. */
  planeFor(carrier: Carrier): LinkPlane {
    return carrier.carriesAttachments ? this.#parts.plane : this.#parts.networkPlane(carrier);
  }

  /** The planes by which others can reach a lease of this agent. */
  planesOf(lease: Lease): PlaneName[] {
    if (this.#networkAddress === undefined) return [lease.plane];
    try {
      return [lease.plane, this.#parts.networkPlane().name];
    } catch {
      return [lease.plane];
    }
  }

  find(id: LeaseId): HomeLease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new Revoked(`lease ${id} is not granted here (any more)`);
    return lease;
  }

  /** Throws Unsupported if others could reach nothing but this agent, and are told by nobody where it is. */
  services(service: string): readonly ServiceRecord[] {
    const { registry, transport } = this.#parts;
    const records = registry.list(service);
    const isOwn = ({ agent }: ServiceRecord) => agent === this.id;
    const told = toldServices(records, (record) =>
      isOwn(record) ? this.#leases.has(record.lease) : isAlive(record.address, transport),
    );
    if (told.length > 0 || this.#networkAddress !== undefined || !records.some(isOwn)) return told;
    throw new Unsupported(`${service} is served here, but LEASEWIRE_ADVERTISE does not say how others reach it`);
  }

  sessionOf(holder: Uint8Array): HolderSession | undefined {
    return [...this.#sessions].find((session) => session.isOf(holder));
  }

  sessionEnded(session: HolderSession): void {
    this.#sessions.delete(session);
  }

  /** Ends everything: leases of this home are released, holders see their connections close. */
  close(): void {
    for (const lease of [...this.#leases.values()]) lease.end('released');
    for (const home of [...this.#homes.values()]) home.close();
    for (const reconnection of this.#reconnections) reconnection.close();
    for (const session of [...this.#sessions]) session.close();
    this.#sessions.clear();
    this.#listener?.close();
    this.#listener = undefined;
    this.#networkListener?.close();
    this.#networkListener = undefined;
    this.#networkAddress = undefined;
  }

  #forget(lease: HomeLease): void {
    this.#leases.delete(lease.id);
    this.metrics.leasesActive -= 1;
    if (lease.status === 'released') this.metrics.leasesReleased += 1;
  }

  #listen(): void {
    if (this.#listener !== undefined) return;
    const { transport } = this.#parts;
    this.directory.sweepAgents(transport);
    this.#listener = transport.listen(this.address, (carrier) => this.#accept(carrier));
  }

  #accept(carrier: Carrier): void {
    this.#sessions.add(new HolderSession(carrier, this, this.clock));
  }

  /** Over the network only if it is on another machine: here, the local plane has it. */
  #nearest(agent: AgentId, address: AgentAddress | undefined): AgentAddress {
    const { networkFirst = false } = this.#parts;
    const isFar = typeof address === 'object' && (networkFirst || !this.directory.hasAgent(agent));
    return isFar || typeof address === 'string' ? address : this.directory.socketPath(agent);
  }

  /**
   * Between choosing a connection and using it, the last who needed it may have closed it, which says nothing of the home:
   * then another is made.
   */
  async #withHome<T>(place: HomePlace, work: (home: HomeConnection) => T | Promise<T>): Promise<T> {
    for (;;) {
      const home = await this.#homeAt(place);
      if (!home.closed) return work(home);
    }
  }

  /** One connection for each place, also for those who ask at the same time. */
  #homeAt(place: HomePlace): Promise<HomeConnection> {
    const key = nameOfPlace(place);
    const known = this.#homes.get(key);
    if (known !== undefined && !known.closed) return Promise.resolve(known);
    const connecting =
      this.#connecting.get(key) ?? this.#connectHome(key, place).finally(() => this.#connecting.delete(key));
    this.#connecting.set(key, connecting);
    return connecting;
  }

  async #connectHome(key: string, place: HomePlace): Promise<HomeConnection> {
    const carrier = await this.#connect(place.address);
    const ends = { self: this.id, peer: place.peer };
    const options = { holder: this.#holderKeys.of(key), planeFor: (each: Carrier) => this.planeFor(each) };
    const home = new HomeConnection(carrier, ends, options, this.#context, (lost) => {
      if (this.#homes.get(key) === home) this.#homes.delete(key);
      if (lost.length > 0) this.#reconnect(lost, () => this.#homeAt(place));
    });
    this.#homes.set(key, home);
    return home;
  }

  #reconnect(lost: readonly HeldLease[], connect: () => Promise<HomeConnection>): void {
    const reconnection = new Reconnection(lost, connect, this.#parts.environment);
    this.#reconnections.add(reconnection);
    void reconnection.run().finally(() => this.#reconnections.delete(reconnection));
  }

  async #connect(address: AgentAddress): Promise<Carrier> {
    const { transport, network } = this.#parts;
    return typeof address === 'string' ? connectHere(transport, address, this.clock) : network.connect(address);
  }
}

function refuseRequest({ type }: Request): never {
  throw new MalformedFrame(`a home sends no ${type}`);
}
