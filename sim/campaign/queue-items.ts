// What goes through queues in a run: a number where little fits, else bytes of all lengths that do. No two items of a run
// are alike, but for numbers far apart, so that an item which is torn, or another's, is none.
import { pack, unpack } from 'msgpackr';
import type { Chance } from './chance.ts';
import { pattern } from './pattern.ts';

export type ItemValue = number | Uint8Array;

/** Bytes begin with the item's number; msgpack puts 2 or 3 before them. */
const bytesMin = 8;
const headerBytes = (bytes: number) => (bytes < 256 ? 2 : 3);
const numbers = 65536;
const exactShare = 0.2;

/** The `id`th item of a run, for a slot that holds `itemBytesMax` bytes. */
export function drawValue(chance: Chance, id: number, itemBytesMax: number): ItemValue {
  const most = itemBytesMax - headerBytes(itemBytesMax);
  if (most < bytesMin || chance.happens(0.1)) return id % numbers;
  return patterned(id, chance.happens(exactShare) ? most : chance.integer(bytesMin, most));
}

/** One that does not fit. */
export function drawTooLarge(chance: Chance, itemBytesMax: number): ItemValue {
  return new Uint8Array(itemBytesMax + chance.integer(0, 64));
}

export function encoded(value: ItemValue): Uint8Array {
  return Uint8Array.from(pack(value));
}

/** What stands in a slot, or was popped, is this and nothing else. */
export function isValue(value: ItemValue, found: unknown): boolean {
  if (typeof value === 'number' || !(found instanceof Uint8Array)) return value === found;
  return Buffer.compare(value, found) === 0;
}

/** Undefined for what is no value. */
export function decoded(bytes: Uint8Array): unknown {
  try {
    return unpack(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

export function describeValue(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value);
  return `${value.length} bytes ${Buffer.from(value.subarray(0, 12)).toString('hex')}`;
}

function patterned(id: number, bytes: number): Uint8Array {
  const value = pattern(id, 11, bytes);
  new DataView(value.buffer).setUint32(0, id, true);
  return value;
}
