// The conformance suite on the rdma plane, as the holder's node runs it: homes are processes of the other node, where
// home-host.js starts one for each connection. conformance.test.ts has it run there, and tells how it went.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describeConformance, type HomeProcess } from '../../sdk/conformance/index.ts';
import { rdmaLacks } from './lacks.ts';

const [host = '', port = ''] = (process.env['LEASEWIRE_TEST_HOME_HOST'] ?? '').split(':');

class FarHome implements HomeProcess {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get stdin(): Socket {
    return this.#socket;
  }

  get stdout(): Socket {
    return this.#socket;
  }

  /** The host ends its side only when the home is dead. */
  kill(): void {
    this.#socket.end();
  }

  once(_event: 'exit', listener: () => void): void {
    this.#socket.once('close', () => listener());
  }
}

async function spawnHome(): Promise<HomeProcess> {
  const socket = connect(Number(port), host).setNoDelay();
  await once(socket, 'connect');
  return new FarHome(socket);
}

// Emulated processors: a first connection takes most of a second.
describeConformance({ plane: 'rdma', spawnHome, shortLeaseSecs: 5, lacks: rdmaLacks });
