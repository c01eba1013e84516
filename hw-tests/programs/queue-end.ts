// node queue-end.js home|<lease> produces|consumes|idles <count> <file>: one end of a queue of `count` numbered items, from its
// home or as a holder, which may be killed at any moment and started again.
//
// A producer goes on behind the last item that stands in the ring. A consumer appends each item's number to the file
// before it gives the item back, and on starting skips what the file has already: so the file tells the whole history.
// Says `ready` with the lease, `working` once it has done something, and `done` with what it did.
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { FabricQueue, MemBuilder, type MemLease } from '#sdk';
import { attachWhenFree } from './attach-when-free.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const from = argument(0);
const deed = argument(1);
const count = Number(argument(2));
const path = argument(3);

const capacity = 509;
const stride = 256;
const recordBytes = 8;
/** Items after which others have their turn. */
const itemsPerTurn = 4096;

/** As long, and filled, as its number says. */
function itemBytes(number: number): number {
  return recordBytes + ((number * 37) % (stride - 4 - recordBytes + 1));
}

function fill(room: Uint8Array, number: number): number {
  const bytes = itemBytes(number);
  room.fill(number, recordBytes, bytes);
  view(room).setBigUint64(0, BigInt(number), true);
  return bytes;
}

function numberOf(item: Uint8Array): number {
  const number = Number(view(item).getBigUint64(0, true));
  const expected = itemBytes(number);
  if (item.length !== expected) throw new Error(`item ${number} has ${item.length} bytes, not ${expected}`);
  for (let at = recordBytes; at < expected; at++) {
    if (item[at] !== (number & 0xff)) throw new Error(`item ${number} is ${item[at]} at ${at}`);
  }
  return number;
}

function view({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** What number comes next, by the documented layout alone: the item before the tail is the last that was given. */
async function nextNumber(lease: MemLease): Promise<number> {
  const header = view(await lease.mem().read(0, 32));
  const [tail = 0, slots = 0, bytes = 0] = [8, 16, 24].map((at) => Number(header.getBigUint64(at, true)));
  const slot = 32 + ((tail + slots - 1) % slots) * bytes;
  const length = view(await lease.mem().read(slot, 4)).getUint32(0, true);
  return length === 0 ? 0 : numberOf(await lease.mem().read(slot + 4, length)) + 1;
}

async function produce(lease: MemLease, queue: FabricQueue): Promise<object> {
  const first = await nextNumber(lease);
  for (let number = first; number < count; number++) {
    let room = queue.reserve();
    while (room === undefined) {
      await queue.room();
      room = queue.reserve();
    }
    queue.commit(fill(room, number));
    if (number === first) say('working');
    if (number % itemsPerTurn === 0) await new Promise(setImmediate);
  }
  queue.close();
  return { first };
}

/** The number of the last record, or -1. */
function lastRecord(file: number): number {
  const { size } = statSync(path);
  if (size === 0) return -1;
  const record = new Uint8Array(recordBytes);
  readSync(file, record, 0, recordBytes, size - recordBytes);
  return Number(view(record).getBigUint64(0, true));
}

async function consume(queue: FabricQueue): Promise<object> {
  const file = openSync(path, 'a+');
  const last = lastRecord(file);
  let [taken, skipped] = [0, 0];
  while (await queue.ready()) {
    for (let item = queue.peek(); item !== undefined; item = queue.peek()) {
      const isKnown = numberOf(item) <= last;
      if (!isKnown) writeSync(file, item, 0, recordBytes);
      queue.release();
      if (isKnown) skipped += 1;
      if (taken === 0) say('working');
      taken += 1;
      if (taken % itemsPerTurn === 0) await new Promise(setImmediate);
    }
  }
  closeSync(file);
  return { taken, skipped };
}

async function open(): Promise<{ lease: MemLease; queue: FabricQueue }> {
  if (from !== 'home') {
    const lease = await attachWhenFree(from);
    return { lease, queue: await FabricQueue.attach(lease) };
  }
  const lease = await new MemBuilder().minBytes(32 + capacity * stride + 40).acquire();
  return { lease, queue: FabricQueue.create(lease, { capacity, stride }) };
}

const { lease, queue } = await open();
say('ready', { url: lease.url });
if (deed === 'idles') await hear();
try {
  say('done', deed === 'produces' ? await produce(lease, queue) : await consume(queue));
} catch (error) {
  say('failed', errorFacts(error));
}
await hear();
