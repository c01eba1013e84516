// The demo's client: finds the server by name, calls it 100,000 times, or as often as its argument says, and checks every
// byte, then measures the same echo over a Unix socket, then waits in a call until the server is killed.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Disconnected, FabricDns, RpcClient } from 'leasewire';
import { echoMethod, neverMethod, serviceName, socketPath } from './shared.ts';

const callCount = Number(process.argv[2] ?? 100_000);
if (!Number.isSafeInteger(callCount) || callCount < 1) throw new RangeError('the number of calls is 1 or more');
const socketCallCount = Math.min(callCount, 5_000);
const timedBytes = 64;

/** Bytes that tell one call's payload from every other's. */
function fill(payload: Uint8Array, call: number): void {
  for (let i = 0; i < payload.length; i++) payload[i] = (call * 31 + i * 7) & 0xff;
}

function percentiles(name: string, samplesUs: Float64Array): string {
  const sorted = samplesUs.sort();
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2).padStart(8);
  return `${name.padEnd(24)} ${timedBytes} B   p50 ${at(0.5)} µs   p95 ${at(0.95)} µs   p99 ${at(0.99)} µs`;
}

async function checkCalls(client: RpcClient): Promise<number> {
  let bytes = 0;
  for (let call = 0; call < callCount; call++) {
    const payload = Buffer.alloc((call * 37) % 1025);
    fill(payload, call);
    if (!payload.equals(await client.call(echoMethod, payload))) throw new Error(`call ${call} came back changed`);
    bytes += 2 * payload.length;
  }
  return bytes;
}

async function timeCalls(client: RpcClient): Promise<Float64Array> {
  const payload = new Uint8Array(timedBytes);
  const samples = new Float64Array(callCount);
  for (let call = 0; call < callCount; call++) {
    const startMs = performance.now();
    await client.call(echoMethod, payload);
    samples[call] = (performance.now() - startMs) * 1000;
  }
  return samples;
}

async function timeSocket(socket: Socket): Promise<Float64Array> {
  const payload = new Uint8Array(timedBytes);
  const samples = new Float64Array(socketCallCount);
  for (let call = 0; call < socketCallCount; call++) {
    const startMs = performance.now();
    socket.write(payload);
    for (let received = 0; received < timedBytes; ) received += (await once(socket, 'data'))[0].length;
    samples[call] = (performance.now() - startMs) * 1000;
  }
  return samples;
}

const dns = await FabricDns.open();
const lease = await dns.connect(serviceName);
const client = new RpcClient(lease);
console.log(`found "${serviceName}": lease ${lease.id}, plane ${lease.plane}`);

console.log(`${callCount} calls of 0 to 1024 B, ${await checkCalls(client)} bytes, every one of them right`);
console.log(percentiles('leasewire, await call', await timeCalls(client)));
const socket = createConnection(socketPath());
await once(socket, 'connect');
console.log(percentiles('Unix socket, raw', await timeSocket(socket)));
socket.on('error', () => undefined).destroy();

try {
  await client.call(neverMethod, new Uint8Array(0));
} catch (error) {
  if (!(error instanceof Disconnected)) throw error;
  console.log(`${error.name}: ${error.message} (may have executed: ${error.mayHaveExecuted})`);
}
await dns.close();
