// client.ts
import { FabricDns, RpcClient } from 'leasewire';

await using dns = await FabricDns.open();
await using lease = await dns.connect('echo');
const client = new RpcClient(lease);
const response = await client.call(1, Buffer.from('hello')); // or client.callSync(…)
console.log(Buffer.from(response).toString());
