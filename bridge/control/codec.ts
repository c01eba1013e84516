// Control messages to bytes and back: one msgpack map each, checked against message-shape.ts before anyone sees it.
import { Packr } from 'msgpackr';
import * as v from 'valibot';
import { FabricError, MalformedFrame } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { controlFrameBytesMax } from '../limits.ts';
import { messageShape } from './message-shape.ts';
import type { Message } from './messages.ts';

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'number',
  variableMapSize: true,
});

export function encodeMessage(body: Message): Uint8Array {
  const bytes = packr.pack(body);
  invariant(bytes.length <= controlFrameBytesMax, `a ${body.type} message of ${bytes.length} bytes fits a frame`);
  return bytes;
}

/** Throws MalformedFrame, with what is wrong, for bytes that are not exactly one well-formed message. */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > controlFrameBytesMax) {
    throw new MalformedFrame(`control message of ${bytes.length} bytes, at most ${controlFrameBytesMax} allowed`);
  }
  const result = v.safeParse(messageShape, unpack(bytes));
  if (result.success) return result.output;
  throw new MalformedFrame(`control message refused: ${describe(result.issues)}`);
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new MalformedFrame(`control message is not msgpack: ${FabricError.from(cause).message}`, { cause });
  }
}

function describe(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${v.getDotPath(issue) ?? 'message'}: ${issue.message}`)
    .join('; ');
}
