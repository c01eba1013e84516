// Control messages to bytes and back: one msgpack map each, checked against message-shape.ts before anyone sees it.
import { Packr } from 'msgpackr';
import * as v from 'valibot';
import { FabricError, MalformedFrame, Unsupported } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { controlFrameBytesMax } from '../limits.ts';
import { anyGreeting, messageShape } from './message-shape.ts';
import { type Message, protocolVersion } from './messages.ts';

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

/**
 * Throws MalformedFrame, with what is wrong, for bytes that are not exactly one well-formed message, and Unsupported for
 * the greeting of another version.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > controlFrameBytesMax) {
    throw new MalformedFrame(`control message of ${bytes.length} bytes, at most ${controlFrameBytesMax} allowed`);
  }
  const message = unpack(bytes);
  checkVersion(message);
  const result = v.safeParse(messageShape, message);
  if (result.success) return result.output;
  throw new MalformedFrame(`control message refused: ${describe(result.issues)}`);
}

/** Comes before the shape: what else a greeting of another version holds, only that version knows. */
function checkVersion(message: unknown): void {
  const greeting = v.safeParse(anyGreeting, message);
  if (!greeting.success || greeting.output.version === protocolVersion) return;
  throw new Unsupported(`the peer speaks control protocol ${greeting.output.version}, this is ${protocolVersion}`);
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
