// What one end of a far session asks of the other's card, and how a card does it. A card needs no process for that: it
// reads and writes the memory that was opened to this session, and nothing else.
import type { LeaseStatus } from '#bridge';

/** What the peer's process is told once the bytes of the same message are there. */
export type FarNews =
  | { readonly place: number; readonly status: number }
  | { readonly place: number; readonly kind: number }
  | { readonly ended: Exclude<LeaseStatus, 'active' | 'disconnected'> };

interface Placed {
  /** Names a lease in its session. */
  readonly binding: number;
  readonly offset: number;
}

export type FarRequest =
  | { readonly op: 'probe' }
  | ({ readonly op: 'read'; readonly bytes: number } & Placed)
  | ({ readonly op: 'write'; readonly source: Uint8Array } & Placed)
  | ({ readonly op: 'publish'; readonly source: Uint8Array; readonly news: FarNews } & Placed)
  | ({ readonly op: 'compareExchange'; readonly expected: bigint; readonly desired: bigint } & Placed)
  | ({ readonly op: 'fetchAdd'; readonly delta: bigint } & Placed);

export type FarResult = Uint8Array | bigint | undefined;

/**
 * Does what a peer asks. `early` is what performPart() returned. Throws RangeError where no memory of that name, or too
 * little of it, is open to it.
 */
export function perform(request: FarRequest, regions: ReadonlyMap<number, Uint8Array>, early?: Uint8Array): FarResult {
  if (request.op === 'probe') return undefined;
  if (request.op === 'publish' && request.source.length === 0) return undefined; // It touches no memory.
  const { binding, offset } = request;
  const region = regions.get(binding);
  if (region === undefined) throw new RangeError(`no memory is open as ${binding}`);
  switch (request.op) {
    case 'read':
      return joined(region.slice(offset, offset + request.bytes), early);
    case 'write':
    case 'publish':
      // Of a window that is closed the views are empty: what is still under way to it is seen by nobody.
      if (region.length > 0) region.set(request.source, offset);
      return undefined;
    case 'compareExchange':
      return Atomics.compareExchange(wordsOf(region), offset / 8, request.expected, request.desired);
    case 'fetchAdd':
      return Atomics.add(wordsOf(region), offset / 8, request.delta);
  }
}

/**
 * Does a part of it, ahead of the rest: every second byte of what is written is there, and the others are not yet; every
 * second byte of what is read is read now, and the others will be then. Returns what was read.
 */
export function performPart(request: FarRequest, regions: ReadonlyMap<number, Uint8Array>): Uint8Array | undefined {
  if (!('offset' in request)) return undefined;
  const { binding, offset } = request;
  const region = regions.get(binding);
  if (region === undefined || region.length === 0) return undefined;
  if (request.op === 'read') return region.slice(offset, offset + request.bytes);
  if (request.op !== 'write' && request.op !== 'publish') return undefined;
  for (let i = 1; i < request.source.length; i += 2) region[offset + i] = request.source[i] ?? 0;
  return undefined;
}

/** What was read at two times. */
function joined(copy: Uint8Array, early: Uint8Array | undefined): Uint8Array {
  if (early !== undefined) for (let i = 1; i < copy.length; i += 2) copy[i] = early[i] ?? 0;
  return copy;
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): BigUint64Array {
  return new BigUint64Array(buffer, byteOffset, length / 8);
}
