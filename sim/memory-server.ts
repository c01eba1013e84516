// A TCP listener in a simulation, as bridge's TCP transport uses one of node:net's. The kernel makes connections for it,
// also while its process is stopped, up to its backlog; the process is told by its own clock.
import { EventEmitter } from 'node:events';
import type { MemoryNetwork, MemoryTransport } from './memory-network.ts';
import type { MemorySocket } from './memory-socket.ts';

interface ListenOptions {
  readonly host?: string | undefined;
  readonly port: number;
}

export class MemoryServer extends EventEmitter {
  readonly transport: MemoryTransport;
  readonly #network: MemoryNetwork;
  readonly #onSocket: (socket: MemorySocket) => void;
  #at: { readonly host: string; readonly port: number } | undefined;
  #waiting = 0;

  constructor(network: MemoryNetwork, transport: MemoryTransport, onSocket: (socket: MemorySocket) => void) {
    super();
    this.#network = network;
    this.transport = transport;
    this.#onSocket = onSocket;
  }

  listen({ host = '0.0.0.0', port }: ListenOptions, onListening: () => void): this {
    const at = { host, port: port === 0 ? this.#network.nextPort++ : port };
    const taken = this.#network.servers.has(nameOf(at.host, at.port));
    this.transport.clock.after(0, () => {
      if (taken) this.emit('error', Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }));
      else onListening();
    });
    if (taken) return this;
    this.#at = at;
    this.#network.servers.set(nameOf(at.host, at.port), this);
    this.transport.addServer(this);
    return this;
  }

  address(): { readonly port: number } | undefined {
    return this.#at;
  }

  /** Whether one more connection may wait for the process. */
  get hasRoom(): boolean {
    return this.#waiting < this.#network.backlogMax;
  }

  /** The kernel has made a connection, which the process will hear of. */
  take(socket: MemorySocket): void {
    this.#waiting += 1;
    this.transport.clock.after(this.#network.delayMs(), () => {
      this.#waiting -= 1;
      if (socket.destroyed) return;
      if (this.#at === undefined) socket.destroy();
      else this.#onSocket(socket.adopt());
    });
  }

  close(): this {
    const at = this.#at;
    this.#at = undefined;
    if (at !== undefined) this.#network.servers.delete(nameOf(at.host, at.port));
    this.transport.removeServer(this);
    return this;
  }

  unref(): this {
    return this;
  }
}

export function nameOf(host: string, port: number): string {
  return `${host}:${port}`;
}
