// node exact-client.js <seed> <lease> <count>: makes the calls of the exactness test, blocking, waiting and queued in
// turn. Says `called` with the checksums of what it sent and received, and how the same server takes one byte too many.
import { MemBuilder, payloadBytesMax, RpcClient } from '#sdk';
import { ExactStream } from './exact-stream.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const seed = Number(argument(0));
const count = Number(argument(2));
const requests = new ExactStream(seed);
const responses = new ExactStream(seed + 1);
const lease = await MemBuilder.attach(argument(1));
const client = new RpcClient(lease);
/** Calls made in one way before the next way has its turn. */
const stretch = 500;
const queued = 50;

function nextRequest(): Uint8Array {
  const request = requests.next();
  requests.note(request);
  return request;
}

function blocking(): void {
  for (let i = 0; i < stretch; i++) {
    const request = nextRequest();
    responses.expect(client.callSync(requests.count, request));
  }
}

async function waiting(): Promise<void> {
  for (let i = 0; i < stretch; i++) {
    const request = nextRequest();
    responses.expect(await client.call(requests.count, request));
  }
}

async function queueing(): Promise<void> {
  for (let i = 0; i < stretch; i += queued) {
    const calls = Array.from({ length: queued }, () => {
      const request = nextRequest();
      return client.call(requests.count, request);
    });
    for (const call of calls) responses.expect(await call);
  }
}

/** What is too large is refused before anything is written: no byte of both regions changes. */
async function oneByteTooMany(): Promise<object[]> {
  const before = await lease.mem().read(0, lease.size);
  const outcomes: object[] = [];
  for (const mode of ['call', 'callSync'] as const) {
    try {
      await client[mode](1, new Uint8Array(payloadBytesMax + 1).fill(0x77));
      outcomes.push({ name: 'nothing' });
    } catch (error) {
      outcomes.push(errorFacts(error));
    }
  }
  const after = await lease.mem().read(0, lease.size);
  return [...outcomes, { untouched: Buffer.compare(before, after) === 0 }];
}

const startedMs = performance.now();
while (requests.count < count) {
  blocking();
  await waiting();
  await queueing();
}
const tookMs = performance.now() - startedMs;
const tooMany = await oneByteTooMany();
await client.call(0, new Uint8Array(0));
const { count: calls, bytes } = requests;
say('called', { count: calls, bytes, tookMs, sent: requests.checksum, received: responses.checksum, tooMany });
await hear();
