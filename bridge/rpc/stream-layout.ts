// A stream has its slot for as long as it lives. Once the server has taken the request that opened it, the slot's payload is
// two halves, each `halfBytes` long; in each one side puts a batch of messages at a time for the other. Little-endian; offsets
// from the slot's beginning:
//
//     offset              size  field
//         20                 h  client to server
//         20 + h             h  server to client
//
// A half:
//
//     offset              size  field
//          0                 4  bytes       of pieces, which follow
//          4                 4  flags       see streamFlags
//          8             bytes  pieces      of messages, one after the other, each padded to 4 bytes
//
// A piece:
//
//     offset              size  field
//          0                 4  bytes       from here to the message's end: what is beyond the half follows in the next batch
//          4                 n  the message, or as much of it as the half has room for
//
// A message that does not fit what is left of a half begins the next batch: so whoever takes what a long one goes on with
// does not get into the one after.
//
// Who may write: a half is its sender's until it tells of a batch in it, and again once it is told that this was taken. The
// client's begins as the server's, for the request that opens the stream lies there.
import type { SlotLayout } from '../lease/control-page.ts';
import { headerBytes } from './slots-layout.ts';

/** What a batch says beside its messages. A client says only `end`. */
export const streamFlags = {
  /** No more messages come from this side. */
  end: 1,
  /** The server is done: the slot is the client's. */
  over: 2,
  /** With `over`: the last message is no message, but says why the stream failed, as an error response does. */
  failed: 4,
} as const;

export const batchHeadBytes = 8;
export const pieceHeadBytes = 4;

/** At least 20: a slot is never shorter than a cache line. */
export function halfBytes({ slotStride }: SlotLayout): number {
  return ((slotStride - headerBytes) >> 1) & ~3;
}

/** Bytes that a piece of so many takes. */
export function pieceBytes(bytes: number): number {
  return pieceHeadBytes + ((bytes + 3) & ~3);
}

/** One half of a slot, in a window. */
export class StreamHalf {
  /** From the arena's beginning. */
  readonly offset: number;
  /** What the pieces of one batch may take. */
  readonly room: number;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;

  constructor(arena: Uint8Array, offset: number, bytes: number) {
    this.offset = offset;
    this.room = bytes - batchHeadBytes;
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, offset, bytes >> 2);
  }

  /** The halves of a slot that begins at `slotOffset`: what the client sends, and what the server sends. */
  static of(arena: Uint8Array, slotOffset: number, layout: SlotLayout): readonly [StreamHalf, StreamHalf] {
    const bytes = halfBytes(layout);
    const from = slotOffset + headerBytes;
    return [new StreamHalf(arena, from, bytes), new StreamHalf(arena, from + bytes, bytes)];
  }

  writeHead(bytes: number, flags: number): void {
    this.#words[0] = bytes;
    this.#words[1] = flags;
  }

  /** `at` counts from the first piece on. */
  writePiece(at: number, bytesLeft: number, piece: Uint8Array): void {
    this.#words[(batchHeadBytes + at) >> 2] = bytesLeft;
    this.#arena.set(piece, this.offset + batchHeadBytes + at + pieceHeadBytes);
  }

  // What the peer has written is read once, and checked in the copy.

  readBytes(): number {
    return (this.#words[0] as number) >>> 0;
  }

  readFlags(): number {
    return (this.#words[1] as number) >>> 0;
  }

  readBytesLeft(at: number): number {
    return (this.#words[(batchHeadBytes + at) >> 2] as number) >>> 0;
  }

  /** A copy of what follows the head of the piece at `at`. */
  copyPiece(at: number, bytes: number): Uint8Array {
    const from = this.offset + batchHeadBytes + at + pieceHeadBytes;
    return this.#arena.slice(from, from + bytes);
  }
}
