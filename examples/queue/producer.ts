// producer.ts
import { FabricQueue, MemBuilder } from 'leasewire';

await using lease = await new MemBuilder().minBytes(65536).acquire();
const queue = FabricQueue.create<{ n: number }>(lease, { capacity: 64, stride: 256 });
console.log(lease.url);
for (let n = 0; n < 1000; n++) await queue.send({ n }); // Waits for room where the consumer is slower.
queue.close();
await queue.drained(); // The lease ends with this process.
