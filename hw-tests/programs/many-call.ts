// The calls of the test with many clients. Every byte of a request follows from whose call it is, its number and its size,
// every byte of a response from its request: so both sides know all that must come, and nobody else's bytes can pass.
//
//     offset  size  request          response
//          0     4  tag              tag             whose call: each client process has a tag of its own
//          4     4  number           number          of the call among its client's
//          8     4  response bytes   crc32 of the request
//         12     n  filling          filling
import { crc32 } from 'node:zlib';
import { SeededRandom } from '../../sim/seeded-random.ts';

export const manyMethods = {
  /** Answers at once. */
  prompt: 1,
  /** Answers some milliseconds later, and refuses as soon as the caller has given up. */
  late: 2,
  /** Throws a RemoteError that names the call. */
  refusing: 3,
} as const;

export const headerBytes = 12;
/** Of requests and responses: some dozen slots long. */
export const manyBytesMax = 4096;
const poolBytes = 16_384;
const pool: Uint8Array = new SeededRandom(20261124).bytes(poolBytes + manyBytesMax);

/** Which call it is. */
export interface CallName {
  readonly tag: number;
  readonly number: number;
}

export interface ManyCall extends CallName {
  /** Of the whole request and response, `headerBytes` … `manyBytesMax`. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export function requestOf({ tag, number, requestBytes, responseBytes }: ManyCall): Uint8Array {
  return message(tag, number, responseBytes, requestBytes);
}

/** The only right answer to a request. */
export function responseTo(request: Uint8Array): Uint8Array {
  const { tag, number, responseBytes } = callOf(request);
  return message(tag, number, crc32(request), responseBytes);
}

/** What a request says of itself. Throws if it is none, or if a single byte is not what it says. */
export function callOf(request: Uint8Array): ManyCall {
  if (request.length < headerBytes) throw new Error(`a request of ${request.length} bytes`);
  const words = new DataView(request.buffer, request.byteOffset);
  const [tag, number, responseBytes] = [words.getUint32(0, true), words.getUint32(4, true), words.getUint32(8, true)];
  const call = { tag, number, requestBytes: request.length, responseBytes };
  const sane = responseBytes >= headerBytes && responseBytes <= manyBytesMax && request.length <= manyBytesMax;
  if (sane && Buffer.compare(request, requestOf(call)) === 0) return call;
  throw new Error(`not a request of ${request.length} bytes: ${Buffer.from(request).toString('hex')}`);
}

/** What a call is refused with. */
export function refusalOf({ tag, number }: CallName): string {
  return `call ${number} of client ${tag} is refused`;
}

function message(tag: number, number: number, word: number, bytes: number): Uint8Array {
  const made = Buffer.allocUnsafe(bytes);
  made.writeUInt32LE(tag, 0);
  made.writeUInt32LE(number, 4);
  made.writeUInt32LE(word, 8);
  const from = (Math.imul(tag, 7919) + Math.imul(number, 31) + Math.imul(word, 127)) & (poolBytes - 1);
  made.set(pool.subarray(from, from + bytes - headerBytes), headerBytes);
  return made;
}
