// Cuts a stream of bytes into frames, however it arrives in pieces:
//
//     0       4               4 + length
//     | length | message ...  |            length: uint32, little-endian, 1 … controlFrameBytesMax
//
// Holds at most one frame that is not whole yet.
import { MalformedFrame } from '../errors.ts';
import { controlFrameBytesMax } from '../limits.ts';

const headerBytes = 4;

export class FrameReader {
  readonly #header = new Uint8Array(headerBytes);
  /** What is being filled: the header, or a message. */
  #target: Uint8Array = this.#header;
  #filled = 0;

  /** The messages that this piece completes, each the caller's own. Throws MalformedFrame at a length that none has. */
  *read(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#target.length - this.#filled);
      this.#target.set(part, this.#filled);
      at += part.length;
      this.#filled += part.length;
      if (this.#filled < this.#target.length) return;
      const message = this.#turnOver();
      if (message !== undefined) yield message;
    }
  }

  /** What was being filled is full: after a header comes a message, and after that a header. */
  #turnOver(): Uint8Array | undefined {
    this.#filled = 0;
    const full = this.#target;
    if (full === this.#header) {
      this.#target = new Uint8Array(messageBytes(this.#header));
      return undefined;
    }
    this.#target = this.#header;
    return full;
  }
}

/** A message with its length in front. */
export function frameOf(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + message.length);
  viewOf(frame).setUint32(0, message.length, true);
  frame.set(message, headerBytes);
  return frame;
}

function messageBytes(header: Uint8Array): number {
  const bytes = viewOf(header).getUint32(0, true);
  if (bytes >= 1 && bytes <= controlFrameBytesMax) return bytes;
  throw new MalformedFrame(`frame of ${bytes} bytes, 1 to ${controlFrameBytesMax} allowed`);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
