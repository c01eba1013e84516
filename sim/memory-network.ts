// The carriers' network of a simulation: who listens where, and how long messages take. What goes wrong on it is said
// here, so that a test or a seed decides it.
import { CapacityExceeded, type Carrier, type CarrierListener, type CarrierTransport, Disconnected } from '#bridge';
import { MemoryCarrier } from './memory-carrier.ts';
import type { MemoryServer } from './memory-server.ts';
import { MemorySocket } from './memory-socket.ts';
import type { PoolHost } from './pool-host.ts';
import type { SimClock } from './timeline.ts';

export type CarrierKind = 'unix' | 'tcp';

/** An end of a connection, and what can become of it. */
export interface Breakable {
  readonly kind: CarrierKind;
  /** The connection fails: both ends see it end, and what is under way is lost. */
  fail(error: Error): void;
  /** As fail(), at this end alone: the peer is not told. */
  lose(error: Error): void;
  peerNoticesSilence(afterMs: number): void;
  /** Its process is dead. */
  abandon(): void;
}

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
  /** Draws whether the next connection between machines is asked for in vain: nobody answers at all. */
  swallows: () => boolean = () => false;
  /** Whether connections between machines carry whole messages, not streams of bytes: for all machines, or none. */
  wholeMessages = false;
  /** Draws whether the next connection between machines is reset as soon as it is made. */
  cuts: () => boolean = () => false;
  /** Draws how many of so many bytes are the next piece that arrives of a stream between machines. */
  pieceBytes: (bytes: number) => number = (bytes) => bytes;
  /** Bytes of a stream between machines that may be on their way, or unread. */
  windowBytes = 65_536;
  /** Who listens for connections between machines, by host and port. */
  readonly servers: Map<string, MemoryServer> = new Map();
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
  /**
   * Told of each message that is sent to this process, and, without bytes, of the end of each carrier, but for
   * streams; draws how much longer it takes until the process hears of that, milliseconds.
   */
  receiveMs: (bytes: Uint8Array | undefined) => number = () => 0;
  readonly #network: MemoryNetwork;
  readonly #poolHost: PoolHost | undefined;
  readonly #connections = new Set<Breakable>();
  readonly #servers = new Set<MemoryServer>();
  readonly #addresses = new Set<string>();

  constructor(network: MemoryNetwork, clock: SimClock, poolHost?: PoolHost) {
    this.#network = network;
    this.#poolHost = poolHost;
    this.clock = clock;
  }

  /** Connections of this process that are open. */
  get open(): number {
    return this.#connections.size;
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
    const near = this.#carrier(kind);
    const far = listening.transport.#carrier(kind);
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
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.abandon();
  }

  /** Every connection of this process fails, at both ends; or each of one kind. */
  breakAll(kind?: CarrierKind): void {
    for (const connection of this.#connectionsOf(kind)) connection.fail(new Error('the network broke'));
  }

  /** Every connection of this process is lost; its peers notice only when they have heard nothing for long. */
  loseAll(kind?: CarrierKind): void {
    for (const connection of this.#connectionsOf(kind)) {
      connection.lose(new Error('the network is gone'));
      connection.peerNoticesSilence(silenceMs);
    }
  }

  /** This process's end of a connection between machines, which has no other end yet. */
  openSocket(): MemorySocket {
    const network = this.#network;
    const line = {
      delayMs: () => network.delayMs(),
      pieceBytes: (bytes: number) => network.pieceBytes(bytes),
      windowBytes: network.windowBytes,
    };
    const socket: MemorySocket = new MemorySocket(this.clock, line, () => this.#connections.delete(socket));
    this.#connections.add(socket);
    return socket;
  }

  addServer(server: MemoryServer): void {
    this.#servers.add(server);
  }

  removeServer(server: MemoryServer): void {
    this.#servers.delete(server);
  }

  #connectionsOf(kind: CarrierKind | undefined): Breakable[] {
    return [...this.#connections].filter((connection) => kind === undefined || connection.kind === kind);
  }

  #carrier(kind: CarrierKind): MemoryCarrier {
    const delayMs = (bytes: Uint8Array | undefined) => this.#network.delayMs() + this.receiveMs(bytes);
    const onClosed = () => this.#connections.delete(carrier);
    const carrier = new MemoryCarrier(this.clock, { delayMs, onClosed, kind, poolHost: this.#poolHost });
    this.#connections.add(carrier);
    return carrier;
  }

  #unlisten(address: string): void {
    this.#addresses.delete(address);
    this.#network.unlisten(address, this);
  }
}
