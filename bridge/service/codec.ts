// The messages of typed services to bytes and back: msgpack, by msgpackr, with its records for what repeats.
//
// A message is complete in itself: a record's keys stand in the message that uses it, never in one before. Messages of
// many calls are in flight at once, some are lost, some answered out of order, and a server has no memory of what each
// client has sent; keys that were sent once would be missed sooner or later. The outermost object is a plain map: records
// pay where objects repeat, as in arrays, and cost twice as much where one stands alone.
//
// No bytes are `undefined`. A Map arrives as an object, for that is what a map on the wire is.
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE, Unpackr } from 'msgpackr';

/** Names what is said above: client and server must agree on it. */
export const codecName = 'msgpackr-records-1';

/** Up to here a copy into a buffer that has a DataView already costs less than a DataView of one's own. */
const scratchBytes = 4096;
const nothing = new Uint8Array(0);
const bin8 = 0xc4;
const bin8BytesMax = 255;

/** The value that is being packed. */
let outermost: unknown;
const common = { mapsAsObjects: true, structuredClone: false, moreTypes: true } as const;
const packr = new Packr({ ...common, useRecords: (value) => value !== outermost });
/** What it gives holds bytes of its own. */
const copying = new Unpackr({ ...common, copyBuffers: true });
/** What it gives may lie in the message. */
const viewing = new Unpackr(common);
const scratch = new Uint8Array(scratchBytes);

/** Where packr wrote last, and views on what begins there, by their length: a view costs more than to pack a number. */
let writtenTo: ArrayBufferLike = nothing.buffer;
let writtenFrom = 0;
let views: (Uint8Array | undefined)[] = [];
const viewBytesMax = 256;
let bytes8: Uint8Array = nothing;

/** The message's bytes, for good. */
export function encode(value: unknown): Uint8Array {
  if (value === undefined) return nothing;
  if (isShortBytes(value)) return fillBytes(Buffer.allocUnsafe(value.length + 2), value);
  outermost = value;
  try {
    return packr.pack(value);
  } finally {
    outermost = undefined;
  }
}

/** The message's bytes, until this is called again: for whoever copies them at once. */
export function encodeBriefly(value: unknown): Uint8Array {
  if (value === undefined) return nothing;
  if (isShortBytes(value)) {
    if (bytes8.length !== value.length + 2) bytes8 = new Uint8Array(value.length + 2);
    return fillBytes(bytes8, value);
  }
  outermost = value;
  try {
    const target = packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as Buffer & { start: number; end: number };
    return viewOf(target, target.start, target.end - target.start);
  } finally {
    outermost = undefined;
  }
}

/** The value of a message, which is the caller's alone, and must stay as it is. Throws what msgpackr does. */
export function decode(message: Uint8Array): unknown {
  const { length } = message;
  if (length === 0) return undefined;
  if (length > scratchBytes) return viewing.unpack(message);
  if (message[0] === bin8 && message[1] === length - 2) return message.slice(2);
  scratch.set(message);
  return copying.unpack(scratch, length);
}

function isShortBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= bin8BytesMax;
}

/** As msgpack's own type for bytes, which packr would find out last. */
function fillBytes(message: Uint8Array, value: Uint8Array): Uint8Array {
  message[0] = bin8;
  message[1] = value.length;
  message.set(value, 2);
  return message;
}

function viewOf(target: Buffer, start: number, length: number): Uint8Array {
  if (length > viewBytesMax) return target.subarray(start, start + length);
  if (writtenFrom !== start || writtenTo !== target.buffer) {
    views = [];
    writtenTo = target.buffer;
    writtenFrom = start;
  }
  views[length] ??= target.subarray(start, start + length);
  return views[length];
}
