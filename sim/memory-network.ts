// The carriers' network of a simulation: who listens where, and how long messages take. What goes wrong on it is said
// here, so that a test or a seed decides it.
import { CapacityExceeded, type Carrier, type CarrierListener, type CarrierTransport, Disconnected } from '#bridge';
import { type CarrierKind, MemoryCarrier } from './memory-carrier.ts';
import type { PoolHost } from './pool-host.ts';
import type { SimClock } from './timeline.ts';

interface Listening {
  readonly transport: MemoryTransport;
  readonly onCarrier: (carrier: Carrier) => void;
  waiting: number;
}

/** How long a peer that has gone without a word is believed to be there, milliseconds: as TCP is told to. */
const silenceMs = 20_000;

export class MemoryNetwork {
  /** Draws how long the next message takes, milliseconds. Messages in one direction of a carrier stay in order. */
  delayMs: () => number = () => 0;
  /** Draws whether the next connection between machines finds its way. */
  reaches: () => boolean = () => true;
  /** Connections that may wait to be accepted, for each listener. */
  backlogMax = 512;
  /** The port that the next listener gets that takes any. */
  nextPort = 49152;
  readonly #listening = new Map<string, Listening>();

  /** A process's access to the network; its carriers' events come by its clock. */
  transport(clock: SimClock, poolHost?: PoolHost): MemoryTransport {
    return new MemoryTransport(this, clock, poolHost);
  }

  listen(address: string, listening: Listening): void {
    if (this.#listening.has(address)) throw new Error(`${address} is taken`);
    this.#listening.set(address, listening);
  }

  unlisten(address: string, transport: MemoryTransport): void {
    if (this.#listening.get(address)?.transport === transport) this.#listening.delete(address);
  }

  listenerAt(address: string): Listening | undefined {
    return this.#listening.get(address);
  }
}

export class MemoryTransport implements CarrierTransport {
  readonly clock: SimClock;
  readonly #network: MemoryNetwork;
  readonly #poolHost: PoolHost | undefined;
  readonly #carriers = new Set<MemoryCarrier>();
  readonly #addresses = new Set<string>();

  constructor(network: MemoryNetwork, clock: SimClock, poolHost?: PoolHost) {
    this.#network = network;
    this.#poolHost = poolHost;
    this.clock = clock;
  }

  /** Carriers of this process that are open. */
  get open(): number {
    return this.#carriers.size;
  }

  listen(address: string, onCarrier: (carrier: Carrier) => void): CarrierListener {
    this.#network.listen(address, { transport: this, onCarrier, waiting: 0 });
    this.#addresses.add(address);
    return { address, close: () => this.#unlisten(address) };
  }

  connect(address: string, kind: CarrierKind = 'unix'): MemoryCarrier {
    const listening = this.#network.listenerAt(address);
    if (listening === undefined) throw new Disconnected(`nobody listens at ${address}`);
    if (listening.waiting >= this.#network.backlogMax) throw new CapacityExceeded(`the backlog of ${address} is full`);
    const near = this.#carrier(this.clock, kind);
    const far = listening.transport.#carrier(listening.transport.clock, kind);
    near.connectTo(far);
    listening.waiting += 1;
    listening.transport.clock.after(this.#network.delayMs(), () => {
      listening.waiting -= 1;
      if (this.#network.listenerAt(address) === listening) listening.onCarrier(far);
      else far.close();
    });
    return near;
  }

  /** The process is dead: nobody listens any more, and its peers see their carriers end. */
  abandon(): void {
    for (const address of this.#addresses) this.#unlisten(address);
    for (const carrier of this.#carriers) carrier.close();
  }

  /** Every connection of this process fails, at both ends; or each of one kind. */
  breakAll(kind?: CarrierKind): void {
    for (const carrier of this.#carriersOf(kind)) carrier.fail(new Error('the network broke'));
  }

  /** Every connection of this process is lost; its peers notice only when they have heard nothing for long. */
  loseAll(kind?: CarrierKind): void {
    const carriers = this.#carriersOf(kind);
    for (const carrier of carriers) {
      carrier.lose(new Error('the network is gone'));
      carrier.peerNoticesSilence(silenceMs);
    }
  }

  #carriersOf(kind: CarrierKind | undefined): MemoryCarrier[] {
    return [...this.#carriers].filter((carrier) => kind === undefined || carrier.kind === kind);
  }

  #carrier(clock: SimClock, kind: CarrierKind): MemoryCarrier {
    const delayMs = () => this.#network.delayMs();
    const onClosed = () => this.#carriers.delete(carrier);
    const carrier = new MemoryCarrier(clock, { delayMs, onClosed, kind, poolHost: this.#poolHost });
    this.#carriers.add(carrier);
    return carrier;
  }

  #unlisten(address: string): void {
    this.#addresses.delete(address);
    this.#network.unlisten(address, this);
  }
}
