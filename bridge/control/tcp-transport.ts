// Carriers between machines, over TCP. Without anything that secures them they stay on this machine, unless told
// otherwise; `secure` is where mutual TLS goes.
import { lookup } from 'node:dns/promises';
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type ServerOpts,
  type Socket,
  type TcpSocketConnectOpts,
} from 'node:net';
import type { Clock } from '../environment.ts';
import {
  CapacityExceeded,
  DeadlineExceeded,
  Disconnected,
  FabricError,
  IoError,
  Unsupported,
  wordsOf,
} from '../errors.ts';
import { greetedMax, listenBacklog, networkConnectMs, networkSilenceMs } from '../limits.ts';
import { formatNetworkAddress, isLoopback, type NetworkAddress } from '../network-address.ts';
import { within } from '../time-limit.ts';
import type { Carrier, NetworkListener, NetworkTransport } from './carrier.ts';
import { Guests } from './guests.ts';
import { Lobby } from './lobby.ts';
import { TcpCarrier } from './tcp-carrier.ts';

/** Who makes sockets: node:net, unless in a simulation. */
export interface SocketFactory {
  connect(options: TcpSocketConnectOpts): Socket;
  createServer(options: ServerOpts, onSocket: (socket: Socket) => void): Server;
}

export interface TcpOptions {
  readonly clock: Clock;
  /** Whether plain connections may leave this machine. */
  readonly insecure: boolean;
  /** Makes of a connected socket one that may be talked over with whoever is meant. Without it, connections are plain. */
  readonly secure?: (socket: Socket, side: 'listener' | 'connector') => Promise<Socket>;
  /** Makes the kernel give up a connected socket whose peer acknowledges nothing, also while something is under way. */
  readonly boundSilence?: (socket: Socket) => void;
  /** The IP addresses of a host, the best first. By default, what the system knows. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Peers of one listener that have said hello. By default `greetedMax`. */
  readonly guestsMax?: number;
  /** By default node:net. */
  readonly sockets?: SocketFactory;
}

/** Who has been accepted: in the lobby before hello, among the guests from then on. */
interface Accepted {
  readonly lobby: Lobby;
  readonly guests: Guests;
}

const systemSockets: SocketFactory = { connect, createServer };
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: networkSilenceMs };

export class TcpTransport implements NetworkTransport {
  readonly #options: TcpOptions;

  constructor(options: TcpOptions) {
    this.#options = options;
  }

  async listen(address: NetworkAddress, onCarrier: (carrier: Carrier) => void): Promise<NetworkListener> {
    const { clock, guestsMax = greetedMax, sockets = systemSockets } = this.#options;
    const lobby = new Lobby(clock);
    const accepted = { lobby, guests: new Guests(guestsMax) };
    const server = sockets.createServer(socketOptions, (socket) => this.#admit(socket, accepted, onCarrier));
    const port = await this.#bind(server, address);
    const close = () => {
      server.close();
      lobby.close();
    };
    return { address: { host: address.host, port }, close };
  }

  async connect(address: NetworkAddress): Promise<Carrier> {
    const { clock, sockets = systemSockets } = this.#options;
    let failure: unknown;
    try {
      for (const ip of await this.#addressesOf(address)) {
        const socket = await dialled(sockets, ip, address.port, clock).catch((error) => {
          failure = error;
        });
        if (socket !== undefined) return new TcpCarrier(await this.#secured(socket, 'connector'), clock);
      }
    } catch (error) {
      failure = error;
    }
    throw connectError(address, failure);
  }

  /** From here on an accepted socket is a stranger, until it says hello. */
  #admit(socket: Socket, { lobby, guests }: Accepted, onCarrier: (carrier: Carrier) => void): void {
    socket.on('error', () => undefined);
    socket.unref();
    const leaveLobby = lobby.enter(() => socket.destroy());
    // Whoever is refused stays in the lobby, which bounds for how long.
    const onGreeted = () => {
      guests.enter(socket);
      leaveLobby();
    };
    socket.once('close', () => {
      leaveLobby();
      guests.leave(socket);
    });
    this.#secured(socket, 'listener')
      .then((secured) => onCarrier(new TcpCarrier(secured, this.#options.clock, onGreeted)))
      .catch(() => socket.destroy());
  }

  async #secured(socket: Socket, side: 'listener' | 'connector'): Promise<Socket> {
    const { secure, boundSilence } = this.#options;
    boundSilence?.(socket);
    return secure === undefined ? socket : secure(socket, side);
  }

  /** The port that was taken. */
  async #bind(server: Server, address: NetworkAddress): Promise<number> {
    try {
      const [host] = await this.#addressesOf(address);
      return await bound(server, { host, port: address.port });
    } catch (cause) {
      if (cause instanceof Unsupported) throw cause;
      throw new IoError(`cannot listen at ${formatNetworkAddress(address)}: ${wordsOf(cause)}`, { cause });
    }
  }

  /** Where a host really is: what is listened at and connected to, and not its name, is judged. */
  async #addressesOf({ host }: NetworkAddress): Promise<readonly string[]> {
    const { clock, resolve = systemAddresses, insecure, secure } = this.#options;
    const found = await within(clock, networkConnectMs, `to look up ${host}`, resolve(host));
    if (insecure || secure !== undefined) return found;
    const far = found.find((ip) => !isLoopback(ip));
    if (far === undefined) return found;
    const which = far === host ? far : `${host} (${far})`;
    throw new Unsupported(`plain TCP stays on this machine, and ${which} is not on it: LEASEWIRE_INSECURE=1 allows it`);
  }
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function bound(server: Server, at: { readonly host: string | undefined; readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: a cluster's workers listen for themselves, each being an agent.
    server.listen({ ...at, backlog: listenBacklog, exclusive: true }, () => {
      server.off('error', reject);
      // With no descriptor left, peers wait in the kernel, or are dropped, until there is one.
      server.on('error', () => undefined);
      server.unref();
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function dialled(sockets: SocketFactory, host: string, port: number, clock: Clock): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = sockets.connect({ host, port, ...socketOptions });
    const limit = clock.after(networkConnectMs, () => {
      socket.destroy(new DeadlineExceeded(`no answer within ${networkConnectMs} ms`));
    });
    socket.once('close', () => limit.cancel());
    // Stays: an error that comes before the carrier listens would end the process.
    socket.on('error', reject);
    socket.once('connect', () => {
      limit.cancel();
      resolve(socket);
    });
  });
}

function connectError(address: NetworkAddress, cause: unknown): FabricError {
  if (cause instanceof FabricError && !(cause instanceof DeadlineExceeded)) return cause;
  const { code = '' } = cause as NodeJS.ErrnoException;
  const message = `cannot connect to ${formatNetworkAddress(address)}: ${wordsOf(cause)}`;
  if (['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'].includes(code)) return new CapacityExceeded(message, { cause });
  if (unreachable.has(code)) return new Disconnected(message, { cause, final: code === 'ECONNREFUSED' });
  return new IoError(message, { cause });
}

/** Nobody there, or no way there, or nobody known by that name: all may be otherwise next time. */
const unreachable = new Set([
  'DeadlineExceeded',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
]);
