// consumer.ts <lease>
import { FabricQueue, MemBuilder } from 'leasewire';

await using lease = await MemBuilder.attach(process.argv[2] ?? '');
const queue = await FabricQueue.attach<{ n: number }>(lease);
let sum = 0;
for await (const { n } of queue) sum += n;
console.log(sum);
