// Serves echo under a name, until it is interrupted.
import { FabricDns, MemBuilder, RemoteError, RpcServer } from 'leasewire';

await using lease = await new MemBuilder().minBytes(65536).leaseSecs(300).autoRenew().acquire();
await using dns = await FabricDns.open();
const server = new RpcServer(lease);
await dns.register('echo', server);
console.log('serving');

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
const handler = {
  handle(methodId: number, payload: Uint8Array): Uint8Array {
    if (methodId !== 1) throw RemoteError.unknownMethod(methodId);
    return payload;
  },
};
await server.serve(handler, { signal: interrupted.signal });
