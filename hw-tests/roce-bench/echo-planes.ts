// Ways to echo bytes between two nodes. Loaded lazily: no process holds another contender's code.
import type { EchoPlane } from '../bench/echo-plane.ts';
import type { EchoName } from './names.ts';

const loaders: Readonly<Record<EchoName, () => Promise<EchoPlane>>> = {
  'leasewire-rpc': async () => (await import('../bench/contenders/leasewire.ts')).leasewireAwait,
  'leasewire-rpc-sync': async () => (await import('../bench/contenders/leasewire.ts')).leasewireSync,
  'tcp-echo': async () => {
    const { serveSocket, connectSocket } = await import('../bench/contenders/unix-socket.ts');
    return {
      serve: (address) => serveSocket(hostAndPort(address)),
      connect: (address) => connectSocket({ ...hostAndPort(address), noDelay: true }),
    };
  },
  'grpc-js': async () => {
    const { serveGrpc, connectGrpc } = await import('../bench/contenders/grpc-js.ts');
    return { serve: serveGrpc, connect: connectGrpc };
  },
};

/** Leasewire's takes a directory, private to its process, and finds the other node by the environment; others an address. */
export function loadEchoPlane(name: EchoName): Promise<EchoPlane> {
  return loaders[name]();
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
}
