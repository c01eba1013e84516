// What a call carries beside its input, such as who calls, and for which trace. It costs nothing where there is none: a
// call with metadata is another method id, its own with the top bit set, whose payload is the array [metadata, input].
import * as v from 'valibot';
import { metadataBytesMax, metadataEntriesMax, metadataKeyLengthMax } from '../limits.ts';
import { encode } from './codec.ts';

/** Text or bytes by key: at most 64 entries of 8192 bytes in all, keys of 1 to 128 characters. */
export type Metadata = Readonly<Record<string, string | Uint8Array>>;

export const noMetadata: Metadata = Object.freeze({});
/** In a method id: metadata stands before the input. */
export const metadataBit: number = 2 ** 31;

const keyShape = v.pipe(v.string(), v.minLength(1), v.maxLength(metadataKeyLengthMax));
const valueShape = v.union([v.string(), v.instance(Uint8Array)], 'neither text nor bytes');
const metadataShape: v.GenericSchema<unknown, Metadata> = v.pipe(
  v.record(keyShape, valueShape),
  v.check((entries) => Object.keys(entries).length <= metadataEntriesMax, `more than ${metadataEntriesMax} entries`),
  v.check((entries) => bytesOf(entries) <= metadataBytesMax, `more than ${metadataBytesMax} bytes`),
);
const envelopeShape = v.strictTuple([metadataShape, v.unknown()]);

/** A call's payload with metadata. Throws RangeError for metadata out of its bounds. */
export function wrap(metadata: Metadata, input: unknown): Uint8Array {
  const checked = v.safeParse(metadataShape, metadata);
  if (!checked.success) throw new RangeError(`this is no metadata: ${reasonOf(checked.issues[0])}`);
  return encode([metadata, input]);
}

/** What such a payload holds, decoded. Throws RangeError for what it cannot hold. */
export function unwrap(envelope: unknown): { readonly metadata: Metadata; readonly input: unknown } {
  const checked = v.safeParse(envelopeShape, envelope);
  if (!checked.success) throw new RangeError(`metadata refused: ${reasonOf(checked.issues[0])}`);
  const [metadata, input] = checked.output;
  return { metadata, input };
}

export function isEmpty(metadata: Metadata): boolean {
  for (const _key in metadata) return false;
  return true;
}

function bytesOf(entries: Metadata): number {
  return Object.entries(entries).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}

function reasonOf(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue);
  return place === null ? issue.message : `${place}: ${issue.message}`;
}
