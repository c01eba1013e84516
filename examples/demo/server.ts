// The demo's server: echo through a lease, and the same echo over a Unix socket.
import { createServer } from 'node:net';
import { FabricDns, MemBuilder, RemoteError, RpcServer } from 'leasewire';
import { echoMethod, neverMethod, serviceName, socketPath } from './shared.ts';

function never(): Promise<Uint8Array> {
  console.log('in a call');
  return new Promise(() => undefined);
}

const lease = await new MemBuilder().minBytes(65536).leaseSecs(300).acquire();
const server = new RpcServer(lease);
const dns = await FabricDns.open();
await dns.register(serviceName, server);

const socket = createServer((peer) => peer.pipe(peer));
socket.listen(socketPath(), () => console.log(`serving lease ${lease.id} as "${serviceName}"`));

await server.serve({
  handle(methodId, payload) {
    if (methodId === echoMethod) return payload;
    if (methodId === neverMethod) return never();
    throw RemoteError.unknownMethod(methodId);
  },
});
