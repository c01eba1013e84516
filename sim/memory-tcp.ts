// TCP between the machines of a simulation: bridge's own transport and carrier, over sockets of ours. What goes wrong with
// a connection as it is made is drawn here.
import type { Server, Socket } from 'node:net';
import {
  type Carrier,
  type NetworkAddress,
  type NetworkListener,
  type NetworkTransport,
  type SocketFactory,
  TcpTransport,
} from '#bridge';
import type { MemoryNetwork, MemoryTransport } from './memory-network.ts';
import { MemoryServer, nameOf } from './memory-server.ts';
import { connectionReset, type MemorySocket } from './memory-socket.ts';

export class MemoryTcp implements NetworkTransport {
  readonly #network: MemoryNetwork;
  readonly #transport: MemoryTransport;
  readonly #tcp: TcpTransport;

  constructor(network: MemoryNetwork, transport: MemoryTransport) {
    this.#network = network;
    this.#transport = transport;
    const { clock } = transport;
    this.#tcp = new TcpTransport({ clock, insecure: true, resolve: async (host) => [host], sockets: this.#sockets() });
  }

  listen(address: NetworkAddress, onCarrier: (carrier: Carrier) => void): Promise<NetworkListener> {
    return this.#tcp.listen(address, onCarrier);
  }

  connect(address: NetworkAddress): Promise<Carrier> {
    return this.#tcp.connect(address);
  }

  /** A socket that is being connected: it tells of that, or of why not, when it has been there and back. */
  dial(host: string, port: number): MemorySocket {
    const socket = this.#transport.openSocket().adopt();
    if (this.#network.swallows()) return socket; // Whoever is there does not answer.
    const reaches = this.#network.reaches();
    this.#transport.clock.after(this.#network.delayMs(), () => {
      if (socket.destroyed) return;
      if (!reaches) socket.destroy(failure('EHOSTUNREACH', host, port));
      else this.#arriveAt(host, port, socket);
    });
    return socket;
  }

  #arriveAt(host: string, port: number, socket: MemorySocket): void {
    const server = this.#network.servers.get(nameOf(host, port));
    if (server === undefined) {
      socket.destroy(failure('ECONNREFUSED', host, port));
    } else if (server.hasRoom) {
      const far = server.transport.openSocket();
      socket.connectTo(far);
      server.take(far);
      socket.emit('connect');
      if (this.#network.cuts()) socket.fail(connectionReset());
    }
    // A full backlog drops who comes, who asks again until it has no time any more.
  }

  /** They have what the transport and its carriers use of node:net's, and no more. */
  #sockets(): SocketFactory {
    return {
      connect: ({ host = '', port }) => this.dial(host, port) as unknown as Socket,
      createServer: (_options, onSocket) =>
        new MemoryServer(this.#network, this.#transport, (socket) =>
          onSocket(socket as unknown as Socket),
        ) as unknown as Server,
    };
  }
}

function failure(code: string, host: string, port: number): Error {
  return Object.assign(new Error(`connect ${code} ${host}:${port}`), { code });
}
