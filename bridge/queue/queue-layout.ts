// The queue layout: a ring of slots for one producer and one consumer, as grafOS documents it; all numbers little-endian.
//
//     offset  size  field
//          0     8  head          the slot to be taken next; written by the consumer alone
//          8     8  tail          the slot to be filled next; written by the producer alone
//         16     8  capacity      slots, of which one is always free; written once
//         24     8  stride        bytes from one slot to the next, a multiple of 4; written once
//         32     …  slots         slot i at 32 + i * stride: length u32, then so many bytes
//          E     8  home's end    what the home's end does (see `deeds`); ours, and outside the documented ring
//      E + 8     8  holder's end  what the holder's does, and above its low byte the session of the holder that says so
//
// E is 32 + capacity * stride, rounded up to a multiple of 8. The arena's last 16 bytes are the plane's: see index-flow.ts.
//
// Empty where head equals tail, full where (tail + 1) % capacity equals head. Each index has one writer, and a successor of
// either end goes on from where they stand: what lies from head up to tail is committed, and nothing else is.
import { MalformedFrame } from '../errors.ts';
import { mailboxesBytes } from '../plane/index-flow.ts';

export const headAt = 0;
export const tailAt = 8;
export const capacityAt = 16;
export const strideAt = 24;
export const slotsAt = 32;
export const lengthBytes = 4;

/** What one end of a queue does: the low byte of its word. */
export const deeds = {
  nothing: 0,
  produces: 1,
  consumes: 2,
  /** It has produced its last item: once that is taken, the consumer is done. */
  hasProduced: 3,
  /** It has consumed all that there was, and seen that it was all. */
  hasConsumed: 4,
} as const;

export const deedMask = 0xff;
export const sessionShift = 8;

/** Two slots, so that one can be used; at least one byte in each. */
export const capacityMin = 2;
export const strideMin = 8;
/** Offsets and indices are 32-bit, so that they can be stored at once. */
const uint32Max: number = 2 ** 32 - 1;

/** A ring's numbers, checked. */
export interface RingGeometry {
  readonly capacity: number;
  readonly stride: number;
  /** The longest item. */
  readonly itemBytesMax: number;
  /** Where the slots end. */
  readonly slotsEnd: number;
  readonly homeDeedAt: number;
  readonly holderDeedAt: number;
  /** The smallest arena that holds all this. */
  readonly arenaBytesMin: number;
}

/** Throws RangeError for numbers that make no ring. */
export function ringGeometry(capacity: number, stride: number): RingGeometry {
  if (!Number.isInteger(capacity) || capacity < capacityMin || capacity > uint32Max) {
    throw new RangeError(`a queue has from ${capacityMin} to ${uint32Max} slots, not ${capacity}`);
  }
  if (!Number.isInteger(stride) || stride < strideMin || stride % 4 !== 0 || stride > uint32Max) {
    throw new RangeError(`a stride is a multiple of 4, at least ${strideMin} bytes, not ${stride}`);
  }
  const slotsEnd = slotsAt + capacity * stride;
  const homeDeedAt = Math.ceil(slotsEnd / 8) * 8;
  return {
    capacity,
    stride,
    itemBytesMax: stride - lengthBytes,
    slotsEnd,
    homeDeedAt,
    holderDeedAt: homeDeedAt + 8,
    arenaBytesMin: homeDeedAt + 16 + mailboxesBytes,
  };
}

/** Writes a fresh ring's numbers, before anybody can look at them. */
export function writeGeometry(arena: Uint8Array, { capacity, stride }: RingGeometry): void {
  const view = new DataView(arena.buffer, arena.byteOffset, slotsAt);
  view.setBigUint64(headAt, 0n, true);
  view.setBigUint64(tailAt, 0n, true);
  view.setBigUint64(capacityAt, BigInt(capacity), true);
  view.setBigUint64(strideAt, BigInt(stride), true);
}

/** Reads a ring's numbers, once. Throws MalformedFrame where they make none that fits the arena. */
export function readGeometry(arena: Uint8Array): RingGeometry {
  const view = new DataView(arena.buffer, arena.byteOffset, slotsAt);
  const capacity = Number(view.getBigUint64(capacityAt, true));
  const stride = Number(view.getBigUint64(strideAt, true));
  let geometry: RingGeometry;
  try {
    geometry = ringGeometry(capacity, stride);
  } catch (cause) {
    throw new MalformedFrame(`the lease holds no queue: ${(cause as Error).message}`, { cause });
  }
  if (geometry.arenaBytesMin <= arena.length) return geometry;
  throw new MalformedFrame(
    `a queue of ${capacity} slots of ${stride} bytes takes ${geometry.arenaBytesMin} bytes, the lease has ${arena.length}`,
  );
}

/** Reads an index that the peer may have written, once. Throws MalformedFrame for what is none. Observes: index. */
export function readIndex(words: Int32Array, indexAt: number, capacity: number): number {
  const low = Atomics.load(words, indexAt >>> 2) >>> 0;
  if (low < capacity && words[(indexAt >>> 2) + 1] === 0) return low;
  throw new MalformedFrame(
    `an index of ${low} (high half ${words[(indexAt >>> 2) + 1]}) in a queue of ${capacity} slots`,
  );
}
