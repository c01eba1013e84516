// server.ts
import { FabricDns, MemBuilder, RpcServer } from 'leasewire';

await using lease = await new MemBuilder().minBytes(65536).leaseSecs(300).autoRenew().acquire();
await using dns = await FabricDns.open();
const server = new RpcServer(lease, { slots: 64 });
await dns.register('echo', server);
console.log('serving');
await server.serve({ handle: (_methodId, payload) => payload });
