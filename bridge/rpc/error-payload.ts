// What stands in a response of status ERROR:
//
//     offset  size  field
//          0     1  kind     1 handler, 2 unknown method, 3 malformed request, 4 response too large,
//                            5 invalid input, 6 invalid output
//          1     3  zero
//          4     4  code     int32, little-endian
//          8     n  message  UTF-8
import { MalformedFrame } from '../errors.ts';
import { remoteMessageBytesMax } from '../limits.ts';
import { RemoteError, type RemoteErrorKind } from '../remote-error.ts';
import { ValidationError } from '../validation-error.ts';

const kindBytes: Record<RemoteErrorKind, number> = {
  handler: 1,
  'unknown-method': 2,
  'malformed-request': 3,
  'response-too-large': 4,
  'invalid-input': 5,
  'invalid-output': 6,
};
const headBytes = 8;

export function encodeRemoteError(error: RemoteError): Uint8Array {
  const message = Buffer.from(error.message).subarray(0, remoteMessageBytesMax);
  const bytes = Buffer.alloc(headBytes + message.length);
  bytes.writeUInt8(kindBytes[error.kind], 0);
  bytes.writeInt32LE(error.code, 4);
  message.copy(bytes, headBytes);
  return bytes;
}

/** The error that the server sent; a MalformedFrame if it sent nonsense. */
export function decodeRemoteError(payload: Uint8Array): RemoteError | MalformedFrame {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  if (bytes.length < headBytes) return new MalformedFrame(`error response of ${bytes.length} bytes, at least 8 needed`);
  const kind = (Object.keys(kindBytes) as RemoteErrorKind[]).find((name) => kindBytes[name] === bytes[0]);
  if (kind === undefined) return new MalformedFrame(`error response of unknown kind ${bytes[0]}`);
  const code = bytes.readInt32LE(4);
  const message = bytes.toString('utf8', headBytes);
  if (kind === 'invalid-input') return ValidationError.parse('input', message, code);
  if (kind === 'invalid-output') return ValidationError.parse('output', message, code);
  return new RemoteError(message, { kind, code });
}
