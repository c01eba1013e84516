// One-sided operations on a lease's bytes: the home on node a only grants them, the client on node b does them all.
import { type LeaseMemory, MemBuilder } from '#sdk';
import type { Close } from '../bench/echo-plane.ts';
import { checkReply, patternOf } from '../bench/meter.ts';
import type { Operation } from './measure-operation.ts';
import type { MemoryName } from './names.ts';
import { BULK_BYTES, MEMORY_BYTES, WORD_BYTES } from './sizes.ts';

const LEASE_SECS = 3600;
/** Each client's own place in the arena. */
const READ_AT = 0;
const WRITE_AT = 4096;
const WORD_AT = 8192;
const BULK_AT = BULK_BYTES;
const ARENA_BYTES = 2 * BULK_BYTES;
const BULK_IN_FLIGHT = 4;

export interface ServedMemory {
  readonly url: string;
  readonly close: Close;
}

export async function serveMemory(): Promise<ServedMemory> {
  const lease = await new MemBuilder().minBytes(ARENA_BYTES).leaseSecs(LEASE_SECS).acquire();
  return { url: lease.url, close: () => lease.release() };
}

export async function attachMemory(
  name: MemoryName,
  url: string,
): Promise<{ readonly operation: Operation; readonly close: Close }> {
  const lease = await MemBuilder.attach(url, { slots: 0 });
  return { operation: await operations[name](lease.mem()), close: () => lease.release() };
}

const operations: Readonly<Record<MemoryName, (memory: LeaseMemory) => Promise<Operation>>> = {
  'leasewire-read': reading,
  'leasewire-write': async (memory) => writing(memory, WRITE_AT, MEMORY_BYTES, 1),
  'leasewire-fetch-add': adding,
  'leasewire-bulk-write': async (memory) => writing(memory, BULK_AT, BULK_BYTES, BULK_IN_FLIGHT),
};

async function reading(memory: LeaseMemory): Promise<Operation> {
  let seed = 0;
  const run = () => memory.read(READ_AT, MEMORY_BYTES);
  const check = async () => {
    const pattern = patternOf(MEMORY_BYTES, ++seed);
    await memory.write(READ_AT, pattern);
    checkReply(pattern, await run());
  };
  return { run, check, inFlight: 1 };
}

/** A check writes other bytes than those before it, which the runs after it repeat. */
function writing(memory: LeaseMemory, offset: number, bytes: number, inFlight: number): Operation {
  let seed = 0;
  let pattern = patternOf(bytes, seed);
  const run = () => memory.write(offset, pattern);
  const check = async () => {
    checkReply(pattern, await memory.read(offset, bytes));
    pattern = patternOf(bytes, ++seed);
    await run();
    checkReply(pattern, await memory.read(offset, bytes));
  };
  return { run, check, inFlight };
}

async function adding(memory: LeaseMemory): Promise<Operation> {
  let expected = await memory.fetchAdd(WORD_AT, 0n);
  const run = () => {
    expected++;
    return memory.fetchAdd(WORD_AT, 1n);
  };
  const check = async () => {
    const found = Buffer.from(await memory.read(WORD_AT, WORD_BYTES)).readBigUInt64LE();
    if (found !== expected) throw new Error(`the counter is at ${found} after additions up to ${expected}`);
  };
  return { run, check, inFlight: 1 };
}
