// Messages from one host to another through memory that is not coherent between them. Each of two ends has a half of a
// channel, in whole lines, where it alone stores:
//
//     line 0           word 0: messages of the other's that were taken; word 1: not 0 while this end waits for room
//     lines 1 … 64     records, a ring: sequence number u32, body bytes u32, body's first line u32, zero, head (48 bytes)
//     lines 65 … 576   bodies, a ring: each in one piece
//
// A record counts once its sequence number is the next one; so the half is zeroed before its use. Bodies are elsewhere,
// as an old one might read as a number that is due.
import { MalformedFrame } from '../../errors.ts';
import { invariant } from '../../invariant.ts';
import { type LineMemory, lineBytes } from './line-memory.ts';

const recordsMax = 64;
const bodyLinesMax = 512;
const recordsAt: number = lineBytes;
const bodiesAt: number = recordsAt + recordsMax * lineBytes;
const headAt = 16;
/** A message's head has so many bytes. */
export const headBytes: number = lineBytes - headAt;
/** Half of all, so that one can be taken while the next is put in. */
export const bodyBytesMax: number = (bodyLinesMax / 2) * lineBytes;
/** Of one half. */
export const halfBytes: number = bodiesAt + bodyLinesMax * lineBytes;

const takenAt = 0;
const waitsAt = 4;

/** Where the two halves of a channel begin. */
export interface ChannelPlace {
  readonly ownAt: number;
  readonly peerAt: number;
}

export interface LineMessage {
  /** `headBytes` bytes. */
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

export class LineWriter {
  readonly #memory: LineMemory;
  readonly #place: ChannelPlace;
  #written = 0;
  /** As far as is known here. */
  #taken = 0;
  /** Where the next body goes, and where the oldest that was not taken begins: lines, counted on and on. */
  #bodiesTo = 0;
  #bodiesFrom = 0;
  /** Where the body of each record ends, by its place. */
  readonly #ends: number[] = [];
  #waits = false;

  constructor(memory: LineMemory, place: ChannelPlace) {
    this.#memory = memory;
    this.#place = place;
  }

  /** Returns false where there is no room; the peer's LineReader.done() is true then once there is. Publishes: message. */
  push(head: Uint8Array, body: Uint8Array): boolean {
    invariant(head.length <= headBytes && body.length <= bodyBytesMax, 'a message fits its ring');
    const lines = Math.ceil(body.length / lineBytes);
    const start = this.#startOf(lines);
    if (!this.#hasRoom(start + lines) && !this.#waitForRoom(start + lines)) return false;
    const bodyLine = start % bodyLinesMax;
    if (lines > 0) this.#store(this.#place.ownAt + bodiesAt + bodyLine * lineBytes, body);
    this.#storeRecord(head, body.length, bodyLine);
    this.#bodiesTo = start + lines;
    this.#ends[this.#written % recordsMax] = this.#bodiesTo;
    this.#written += 1;
    if (this.#waits) this.#setWaits(false);
    return true;
  }

  /**
   * Whether the peer had taken all that came before the last message: then nobody may be looking, and it has to be told.
   * Else it looks once more after it has said what it took. Observes: taken.
   */
  get peerRests(): boolean {
    this.#lookForTaken();
    return this.#taken >= this.#written - 1;
  }

  #storeRecord(head: Uint8Array, bodyBytes: number, bodyLine: number): void {
    const record = new Uint8Array(lineBytes);
    record.set(head, headAt);
    const words = new Uint32Array(record.buffer);
    words[1] = bodyBytes;
    words[2] = bodyLine;
    words[0] = this.#written + 1;
    const at = this.#place.ownAt + recordsAt + (this.#written % recordsMax) * lineBytes;
    // The number last: the line may be written back between any two stores.
    this.#memory.store(at + 4, record.subarray(4));
    this.#store(at, record.subarray(0, 4)); // Publishes: message.
  }

  /** In the memory before anything that follows. */
  #store(at: number, bytes: Uint8Array): void {
    this.#memory.store(at, bytes);
    this.#memory.flush(at, bytes.length);
    this.#memory.fence();
  }

  /** A body does not go around the ring's end. */
  #startOf(lines: number): number {
    const place = this.#bodiesTo % bodyLinesMax;
    return place + lines > bodyLinesMax ? this.#bodiesTo + bodyLinesMax - place : this.#bodiesTo;
  }

  #hasRoom(bodiesTo: number): boolean {
    return this.#written - this.#taken < recordsMax && bodiesTo - this.#bodiesFrom <= bodyLinesMax;
  }

  /** Says that it waits before it looks, as the reader says what it took before it looks who waits. */
  #waitForRoom(bodiesTo: number): boolean {
    this.#lookForTaken();
    if (this.#hasRoom(bodiesTo)) return true;
    if (!this.#waits) this.#setWaits(true);
    this.#lookForTaken();
    return this.#hasRoom(bodiesTo);
  }

  /** Publishes: waits. */
  #setWaits(waits: boolean): void {
    this.#waits = waits;
    this.#store(this.#place.ownAt + waitsAt, bytesOf(waits ? 1 : 0));
  }

  /** Throws MalformedFrame for a number that the peer cannot have come to. Observes: taken. */
  #lookForTaken(): void {
    const taken = loadWord(this.#memory, this.#place.peerAt + takenAt);
    if (taken < this.#taken || taken > this.#written) {
      throw new MalformedFrame(`a peer has taken ${taken} of ${this.#written} messages, and ${this.#taken} before`);
    }
    if (taken > this.#taken) this.#bodiesFrom = this.#ends[(taken - 1) % recordsMax] as number;
    this.#taken = taken;
  }
}

export class LineReader {
  readonly #memory: LineMemory;
  readonly #place: ChannelPlace;
  #taken = 0;
  #said = 0;

  constructor(memory: LineMemory, place: ChannelPlace) {
    this.#memory = memory;
    this.#place = place;
  }

  /** Whether a message is there. Observes: message. */
  get ready(): boolean {
    return loadWord(this.#memory, this.#recordAt) === this.#taken + 1;
  }

  /** Takes the next message; undefined if there is none. Throws MalformedFrame for what no LineWriter writes. */
  next(): LineMessage | undefined {
    if (!this.ready) return undefined;
    const record = this.#memory.load(this.#recordAt, lineBytes);
    const [, bytes = 0, line = 0] = new Uint32Array(record.buffer, 0, 3);
    if (bytes > bodyBytesMax || line * lineBytes + bytes > bodyLinesMax * lineBytes) {
      throw new MalformedFrame(`a body of ${bytes} bytes from line ${line} on: a ring has ${bodyLinesMax} lines`);
    }
    const bodyAt = this.#place.peerAt + bodiesAt + line * lineBytes;
    if (bytes > 0) this.#memory.invalidate(bodyAt, bytes);
    const body = this.#memory.load(bodyAt, bytes);
    this.#taken += 1;
    return { head: record.subarray(headAt), body };
  }

  /** Gives the room of what was taken back; look once more after this. True if the peer waits for it. Publishes: taken. */
  done(): boolean {
    if (this.#said === this.#taken) return false;
    this.#said = this.#taken;
    const at = this.#place.ownAt + takenAt;
    this.#memory.store(at, bytesOf(this.#taken));
    this.#memory.flush(at, 4);
    this.#memory.fence();
    return loadWord(this.#memory, this.#place.peerAt + waitsAt) !== 0; // Observes: waits.
  }

  get #recordAt(): number {
    return this.#place.peerAt + recordsAt + (this.#taken % recordsMax) * lineBytes;
  }
}

function bytesOf(word: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(word).buffer);
}

/** As it is in the memory. */
function loadWord(memory: LineMemory, at: number): number {
  memory.invalidate(at, 4);
  return new Uint32Array(memory.load(at, 4).buffer)[0] as number;
}
