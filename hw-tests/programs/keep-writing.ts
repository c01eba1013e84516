// node keep-writing.js <lease> <lanes> [bytes of each write]: writes to a lease without end, one write of each lane under way at any time, each
// with other bytes than the one before. Says `writing` once all have been acknowledged, and `stopped` when each lane has
// failed: with how often they wrote, what the lanes failed with, how long after the last success the first and the last of
// them did, and what the next operation fails with.
import { MemBuilder } from '#sdk';
import { argument, errorFacts, hear, say } from './voice.ts';

const writeBytes = Number(process.argv[4] ?? 2048);
const lanes = Number(argument(1));
const lease = await MemBuilder.attach(argument(0), { slots: 0 });
const mem = lease.mem();
let writes = 0;
let succeededAtMs = 0;
const failedAtMs: number[] = [];

async function write(lane: number): Promise<void> {
  await mem.write(lane * writeBytes, new Uint8Array(writeBytes).fill(1 + (writes % 251)));
  writes += 1;
  succeededAtMs = performance.now();
}

async function failure(work: () => Promise<unknown>): Promise<object> {
  try {
    await work();
  } catch (error) {
    return errorFacts(error);
  }
  return { name: 'nothing' };
}

async function writeOn(lane: number): Promise<never> {
  try {
    for (;;) await write(lane);
  } finally {
    failedAtMs.push(performance.now());
  }
}

const each = Array.from({ length: lanes }, (_, lane) => lane);
await Promise.all(each.map(write));
say('writing', { plane: lease.plane });
const failures = await Promise.all(each.map((lane) => failure(() => writeOn(lane))));
const [firstMs, lastMs] = [Math.min(...failedAtMs) - succeededAtMs, Math.max(...failedAtMs) - succeededAtMs];
const next = await failure(() => mem.write(0, new Uint8Array(8)));
say('stopped', { writes, failures, firstMs, lastMs, next, status: lease.status });
await hear();
