// Connections between machines that carry whole messages, where MemoryTcp has streams of bytes: for thousands of machines,
// as they cost less, and for those that share a pool, as each end knows which machine the other is. They take a message's
// time to be made.
import {
  type Carrier,
  Disconnected,
  formatNetworkAddress,
  IoError,
  type NetworkAddress,
  type NetworkListener,
  type NetworkTransport,
} from '#bridge';
import type { MemoryNetwork, MemoryTransport } from './memory-network.ts';

export class MessageTcp implements NetworkTransport {
  readonly #network: MemoryNetwork;
  readonly #transport: MemoryTransport;

  constructor(network: MemoryNetwork, transport: MemoryTransport) {
    this.#network = network;
    this.#transport = transport;
  }

  async listen({ host, port }: NetworkAddress, onCarrier: (carrier: Carrier) => void): Promise<NetworkListener> {
    const address = { host, port: port === 0 ? this.#network.nextPort++ : port };
    const name = nameOf(address);
    if (this.#network.listenerAt(name) !== undefined) throw new IoError(`${name} is taken`);
    const listener = this.#transport.listen(name, onCarrier);
    return { address, close: () => listener.close() };
  }

  async connect(address: NetworkAddress): Promise<Carrier> {
    const name = nameOf(address);
    if (!this.#network.reaches()) {
      await this.#roundTrip();
      throw new Disconnected(`no way leads to ${name}`);
    }
    // A machine where nobody listens says so.
    if (this.#network.listenerAt(name) === undefined) {
      throw new Disconnected(`nobody listens at ${name}`, { final: true });
    }
    const carrier = this.#transport.connect(name, 'tcp');
    await this.#roundTrip();
    return carrier;
  }

  #roundTrip(): Promise<void> {
    return new Promise((resolve) => {
      this.#transport.clock.after(this.#network.delayMs(), resolve);
    });
  }
}

function nameOf(address: NetworkAddress): string {
  return `tcp://${formatNetworkAddress(address)}`;
}
