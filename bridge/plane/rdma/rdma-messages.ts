// What the two ends of an RDMA link say to each other through the control connection: one msgpack map each, checked
// before anyone sees it. docs/protocol.md says the same in prose.
import { Packr } from 'msgpackr';
import * as v from 'valibot';
import { MalformedFrame } from '../../errors.ts';
import { leaseBytesMax } from '../../limits.ts';
import { bindingMax } from './rdma-frame.ts';

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint', variableMapSize: true });

export const nonceBytes = 16;

/** A queue pair, as its peer has to know it. */
export interface Endpoint {
  readonly number: number;
  readonly packetSequence: number;
  /** 16 bytes. */
  readonly gid: Uint8Array;
  readonly lid: number;
  readonly mtuBytes: number;
  /** READs and atomics of the peer that are served at a time. */
  readonly readsMax: number;
}

/** A region, as its peer names it. */
export interface RegionName {
  readonly address: bigint;
  readonly rkey: number;
}

/** What a holder's end asks. */
export type Ask =
  /** Opens the session: the holder's queue pair, and where a test may be written. */
  | { readonly op: 'connect'; readonly endpoint: Endpoint; readonly test: RegionName }
  /** The holder has written this nonce: the home looks whether it arrived, and writes its own. */
  | { readonly op: 'test'; readonly nonce: Uint8Array }
  /** Where the holder's mirror of a lease is. */
  | { readonly op: 'mirror'; readonly binding: number; readonly region: RegionName }
  /** The holder's mirror is to go: the home writes there no more once it has answered. */
  | { readonly op: 'unbind'; readonly binding: number };

/** What the home's end answers. */
export type Answer =
  | { readonly op: 'connected'; readonly endpoint: Endpoint; readonly test: RegionName; readonly nonce: Uint8Array }
  | { readonly op: 'done' };

/** Beside `attached`: the lease's bytes at home, and the number of this binding. */
export interface Offer {
  readonly binding: number;
  readonly region: RegionName;
}

const uint = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
const bytes = (length: number) => v.pipe(v.instance(Uint8Array), v.length(length));
const binding = uint(bindingMax);
const nonce = bytes(nonceBytes);

const region: v.GenericSchema<unknown, RegionName> = v.strictObject({
  address: v.pipe(v.bigint(), v.minValue(0n), v.maxValue(2n ** 64n - 1n)),
  rkey: uint(2 ** 32 - 1),
});
const endpoint: v.GenericSchema<unknown, Endpoint> = v.strictObject({
  number: uint(2 ** 24 - 1),
  packetSequence: uint(2 ** 24 - 1),
  gid: bytes(16),
  lid: uint(2 ** 16 - 1),
  mtuBytes: v.picklist([256, 512, 1024, 2048, 4096]),
  readsMax: uint(255),
});
const ask: v.GenericSchema<unknown, Ask> = v.variant('op', [
  v.strictObject({ op: v.literal('connect'), endpoint, test: region }),
  v.strictObject({ op: v.literal('test'), nonce }),
  v.strictObject({ op: v.literal('mirror'), binding, region }),
  v.strictObject({ op: v.literal('unbind'), binding }),
]);
const answer: v.GenericSchema<unknown, Answer> = v.variant('op', [
  v.strictObject({ op: v.literal('connected'), endpoint, test: region, nonce }),
  v.strictObject({ op: v.literal('done') }),
]);
const offer: v.GenericSchema<unknown, Offer> = v.strictObject({ binding, region });

export const encode = (body: Ask | Answer | Offer): Uint8Array => packr.pack(body);
export const decodeAsk = (body: Uint8Array): Ask => decode(ask, body);
export const decodeAnswer = (body: Uint8Array): Answer => decode(answer, body);
export const decodeOffer = (body: Uint8Array | null): Offer => decode(offer, body ?? new Uint8Array(0));

/** Throws RangeError unless a peer's region of so many bytes can lie where it says. */
export function checkRegion({ address: start }: RegionName, length: number): void {
  if (length <= leaseBytesMax && start + BigInt(length) <= 2n ** 64n) return;
  throw new MalformedFrame(`a region of ${length} bytes at ${start.toString(16)}`);
}

function decode<T>(shape: v.GenericSchema<unknown, T>, body: Uint8Array): T {
  const result = v.safeParse(shape, unpack(body));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new MalformedFrame(
    `what the rdma plane was told is refused: ${v.getDotPath(issue) ?? 'all'}: ${issue.message}`,
  );
}

function unpack(body: Uint8Array): unknown {
  try {
    return packr.unpack(body);
  } catch (cause) {
    throw new MalformedFrame('what the rdma plane was told is not msgpack', { cause });
  }
}
