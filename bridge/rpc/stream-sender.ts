// One direction of a stream, where it is sent. A batch is written when the one before has been taken; what is sent meanwhile
// gathers, and goes together. Whoever waits for room before he sends more keeps what is gathered within one half.
import { Cancelled, PayloadTooLarge } from '../errors.ts';
import { batchHeadBytes, pieceBytes, pieceHeadBytes, type StreamHalf, streamFlags } from './stream-layout.ts';

/** A message of which not all is written. */
interface Outgoing {
  bytes: Uint8Array;
  /** The other side has a part of it, and expects the rest. */
  begun: boolean;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface SenderParts {
  /** The longest message. */
  readonly messageBytesMax: number;
  /** What may be gathered before whoever sends has to wait. */
  readonly room: number;
}

/** Where batches go. */
export interface Outlet {
  readonly half: StreamHalf;
  /** A batch of so many bytes, from the half's beginning, is written, with these flags: the other side is to be told. */
  readonly publish: (bytes: number, flags: number) => void;
}

const done: Promise<void> = Promise.resolve();

export class StreamSender {
  readonly #parts: SenderParts;
  readonly #queue: Outgoing[] = [];
  /** Of a message that was begun when this failed: it has to go before anything else can. */
  #rest: Outgoing | undefined;
  /** What the queue takes in a half. */
  #gathered = 0;
  #outlet: Outlet | undefined;
  /** Whether the other side has the half. */
  #out = false;
  /** What the batch that empties the queue says. */
  #flags = 0;
  #ended = false;
  #finished = false;
  #error: Error | undefined;
  #waiters: Waiter[] = [];

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Batches go there from here on; at once, unless the half is the other side's. */
  connect(outlet: Outlet, halfIsOut: boolean): void {
    this.#outlet = outlet;
    this.#out = halfIsOut;
    this.#flush();
  }

  /** Nothing is written any more. */
  disconnect(): void {
    this.#outlet = undefined;
  }

  get closed(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /** Whether it is said already how the stream ends, though perhaps not yet on its way. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The message is the caller's again when this returns. */
  send(message: Uint8Array): Promise<void> {
    const fault = this.#faultOf(message);
    if (fault !== undefined) return Promise.reject(fault);
    const outgoing = this.#push(message);
    this.#flush();
    if (this.#queue.at(-1) === outgoing) outgoing.bytes = outgoing.bytes.slice();
    return this.#gathered <= this.#parts.room ? done : this.#wait();
  }

  /** Resolves when all that was sent is on its way, and the end with it. */
  end(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (!this.#ended) {
      this.#ended = true;
      this.#flags |= streamFlags.end;
      this.#flush();
    }
    return this.#flags === 0 ? done : this.#wait();
  }

  /** At the server: what was sent still goes, then that the stream is over; or failed, as `failure` says. */
  finish(failure: Uint8Array | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ended = true;
    this.#flags |= streamFlags.over;
    if (failure !== undefined) {
      this.#flags |= streamFlags.failed;
      if (this.#rest !== undefined) this.#enqueue(this.#rest);
      this.#push(failure);
    }
    this.#flush();
  }

  /** Nothing more is to be sent, and what was not goes nowhere. Only the first reason counts. */
  fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#rest = this.#queue.find(({ begun }) => begun);
    this.#queue.length = 0;
    this.#gathered = 0;
    this.#flags &= streamFlags.over;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  /** The other side has taken the batch. False if there was none. */
  taken(): boolean {
    if (!this.#out) return false;
    this.#out = false;
    this.#flush();
    return true;
  }

  #push(bytes: Uint8Array): Outgoing {
    const outgoing = { bytes, begun: false };
    this.#enqueue(outgoing);
    return outgoing;
  }

  #enqueue(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    this.#gathered += pieceBytes(outgoing.bytes.length);
  }

  #faultOf(message: Uint8Array): Error | undefined {
    if (!(message instanceof Uint8Array)) return new TypeError('a message is a Uint8Array');
    if (this.#error !== undefined) return this.#error;
    if (this.#ended) return new Cancelled('this side of the stream has ended already');
    const { messageBytesMax } = this.#parts;
    if (message.length <= messageBytesMax) return undefined;
    return new PayloadTooLarge(`a message of ${message.length} bytes, at most ${messageBytesMax} go through`);
  }

  /** A stream that fails says so itself: whoever does not look at this promise misses nothing. */
  #wait(): Promise<void> {
    const waiting = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    waiting.catch(() => undefined);
    return waiting;
  }

  #flush(): void {
    const outlet = this.#outlet;
    if (outlet === undefined || this.#out || (this.#queue.length === 0 && this.#flags === 0)) return;
    const bytes = this.#fill(outlet.half);
    const flags = this.#queue.length === 0 ? this.#flags : 0;
    if (flags !== 0) this.#flags = 0;
    this.#out = true;
    outlet.half.writeHead(bytes, flags);
    outlet.publish(batchHeadBytes + bytes, flags);
    this.#release();
  }

  /** As many messages as fit; or a piece of one that fits no half, which always begins a batch. */
  #fill(half: StreamHalf): number {
    let at = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const { bytes } = next;
      if (at > 0 && at + pieceBytes(bytes.length) > half.room) break;
      const piece = bytes.subarray(0, half.room - at - pieceHeadBytes);
      half.writePiece(at, bytes.length, piece);
      at += pieceBytes(piece.length);
      this.#gathered -= pieceBytes(bytes.length);
      if (piece.length < bytes.length) {
        next.bytes = bytes.subarray(piece.length);
        next.begun = true;
        this.#gathered += pieceBytes(next.bytes.length);
        break;
      }
      this.#queue.shift();
    }
    return at;
  }

  /** Whoever waits for room has it; an end is waited for until it is on its way. */
  #release(): void {
    if (this.#gathered > this.#parts.room || this.#flags !== 0) return;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }
}
