// client.ts
import { FabricDns, RpcClient } from 'leasewire';

await using dns = await FabricDns.open();
await using lease = await dns.connect('echo', { slots: 8 }); // Calls in flight at a time; others wait.
const client = new RpcClient(lease);
const calls = ['hello', 'again'].map((word) => client.call(1, Buffer.from(word)));
for (const response of await Promise.all(calls)) console.log(Buffer.from(response).toString());
