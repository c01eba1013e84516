// node enduring-client.js <lease> <idempotent | once>: from `go` to `stop` on stdin it makes numbered calls, one after
// another, and reads the lease's memory meanwhile, whatever happens to the link. Says `attached`, and in the end `ended`:
// how each call went, what the reads brought, and the lease's status.
import { MemBuilder, RpcClient } from '#sdk';
import { argument, errorFacts, hear, say } from './voice.ts';

const idempotent = argument(1) === 'idempotent';
const lease = await MemBuilder.attach(argument(0));
const client = new RpcClient(lease);
const right: number[] = [];
const failed: object[] = [];
const reads = { right: 0, wrong: 0, failed: [] as object[] };
let stopped = false;
let slowestMs = 0;

async function call(number: number): Promise<void> {
  const request = new Uint8Array(4 + ((number * 977) % 16_384)).fill(number % 251, 4);
  new DataView(request.buffer).setUint32(0, number, true);
  const fromMs = performance.now();
  try {
    const response = await client.call(1, request, { idempotent });
    if (Buffer.compare(response, request.reverse()) === 0) right.push(number);
    else failed.push({ number, name: 'wrong bytes' });
  } catch (error) {
    failed.push({ number, ...errorFacts(error) });
  }
  slowestMs = Math.max(slowestMs, performance.now() - fromMs);
}

async function readOn(): Promise<void> {
  while (!stopped) {
    try {
      const bytes = await lease.mem().read(65_536, 1024);
      if (bytes.every((byte) => byte === 0x5a)) reads.right += 1;
      else reads.wrong += 1;
    } catch (error) {
      reads.failed.push(errorFacts(error));
      if (lease.status !== 'active') return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

say('attached', { plane: lease.plane });
await hear();
void hear().then(() => {
  stopped = true;
});
const reading = readOn();
for (let number = 1; !stopped && lease.status === 'active'; number++) await call(number);
await reading;
say('ended', { right, failed, reads, slowestMs, status: lease.status });
await hear();
