// One end of a TCP connection in a simulation: a stream of bytes. It behaves as a socket of node:net does, as far as
// bridge's own TCP carrier uses one, so that this is what runs here. What is sent arrives in pieces that have nothing to do
// with how it was written, joined where several have come; a peer that reads nothing is heard of as back-pressure; a reset
// overtakes what was not read yet; what comes after a process has closed is answered with one.
import { EventEmitter } from 'node:events';
import { ByteQueue } from './byte-queue.ts';
import type { Breakable } from './memory-network.ts';
import type { SimClock } from './timeline.ts';

type Arriving = { readonly bytes: Uint8Array } | 'end' | { readonly reset: Error };

interface Arrival {
  readonly what: Arriving;
  /** By the receiver's clock. */
  readonly dueMs: number;
  arrived: boolean;
}

/** What lies between two ends. */
export interface Line {
  /** Draws how long the next piece takes, milliseconds. */
  readonly delayMs: () => number;
  /** Draws how many of so many bytes the next piece has: at least 1. */
  readonly pieceBytes: (bytes: number) => number;
  /** Bytes that may be on their way, or unread, in one direction. */
  readonly windowBytes: number;
}

/** Bytes that wait for room on the way before the writer is told to wait too; and that are read at once: as node:net's. */
const highWaterBytes = 16_384;
const readBytesMax = 65_536;

export class MemorySocket extends EventEmitter implements Breakable {
  readonly kind = 'tcp';
  destroyed = false;
  closed = false;
  errored: Error | null = null;
  writableNeedDrain = false;
  readonly #clock: SimClock;
  readonly #line: Line;
  readonly #onClosed: () => void;
  readonly #out = new ByteQueue();
  readonly #arrivals: Arrival[] = [];
  #peer: MemorySocket | undefined;
  #underWayBytes = 0;
  #lastDueMs: number = Number.NEGATIVE_INFINITY;
  #flows = false;
  /** Whether the process knows of it; until then the kernel has it. */
  #adopted = false;
  /** This side has said that it sends no more, and that has left; the other has said so, and that was read. */
  #ending: 'no' | 'wanted' | 'sent' = 'no';
  #peerEnded = false;
  /** Nothing gets from here to the peer any more, nor from there. */
  #cutOff = false;
  #onFinished: (() => void) | undefined;

  /** `clock` is the clock of the process that this end is in; `onClosed` is told once that has nothing of it any more. */
  constructor(clock: SimClock, line: Line, onClosed: () => void) {
    super();
    this.#clock = clock;
    this.#line = line;
    this.#onClosed = onClosed;
  }

  /** Makes this and `peer` the two ends of one connection. */
  connectTo(peer: MemorySocket): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  /** The process has it from here on. */
  adopt(): this {
    this.#adopted = true;
    return this;
  }

  override on(event: string, listener: (...values: never[]) => void): this {
    super.on(event, listener as (...values: unknown[]) => void);
    if (event === 'data') this.resume();
    return this;
  }

  /** What has come, or comes, is told, or lost if nobody listens. */
  resume(): this {
    if (this.#flows) return this;
    this.#flows = true;
    this.#clock.after(0, () => this.#deliver());
    return this;
  }

  /** Copies. False where the writer should wait for `drain`. */
  write(bytes: Uint8Array): boolean {
    if (this.destroyed || this.#ending !== 'no') return false;
    this.#out.push(bytes);
    this.#flush();
    if (this.#out.length >= highWaterBytes) this.writableNeedDrain = true;
    return !this.writableNeedDrain;
  }

  /** Nothing more is sent from here. `onFinished` is called once all has left, or never will. */
  end(onFinished?: () => void): this {
    this.#onFinished ??= onFinished;
    if (this.#ending === 'no') this.#ending = 'wanted';
    if (this.destroyed) this.#finish();
    else this.#flush();
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.#letGo();
    this.#close(error ?? null);
    return this;
  }

  ref(): this {
    this.#clock.keepAlive(this, !this.closed);
    return this;
  }

  unref(): this {
    this.#clock.keepAlive(this, false);
    return this;
  }

  /** The connection itself fails: both ends see it end, and what is under way is lost. */
  fail(error: Error): void {
    const peer = this.#peer;
    this.lose(error);
    peer?.lose(error);
  }

  /** As fail(), at this end alone: from here on nothing gets from one end to the other, and the other is not told. */
  lose(error: Error): void {
    if (this.destroyed) return;
    this.#cutOff = true;
    this.#arrivals.length = 0;
    this.#arrive({ reset: error });
  }

  /** After a while, by its own clock, whatever has become of the process here. */
  peerNoticesSilence(afterMs: number): void {
    const peer = this.#peer;
    if (peer === undefined || peer.destroyed) return;
    peer.#clock.after(afterMs, () => peer.lose(new Error('the peer is silent')));
  }

  /** The process is dead: the kernel closes for it, and nobody is told here. */
  abandon(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#letGo();
    this.closed = true;
    this.#onClosed();
  }

  /** The other end learns of it: by a reset where something was not read, as what it said went to nobody. */
  #letGo(): void {
    const unread = this.#arrivals.some(({ what }) => what !== 'end' && 'bytes' in what);
    if (unread) this.#send({ reset: connectionReset() });
    else if (this.#ending !== 'sent') this.#send('end');
    this.#ending = 'sent';
  }

  #close(error: Error | null): void {
    this.destroyed = true;
    this.errored = error;
    this.#arrivals.length = 0;
    this.#out.clear();
    this.#clock.after(0, () => {
      this.closed = true;
      this.#clock.keepAlive(this, false);
      this.#onClosed();
      this.#finish();
      if (error !== null && this.#adopted) this.emit('error', error);
      this.emit('close', error !== null);
    });
  }

  #finish(): void {
    const onFinished = this.#onFinished;
    this.#onFinished = undefined;
    if (onFinished !== undefined) this.#clock.after(0, onFinished);
  }

  /** As much as there is room for on the way. */
  #flush(): void {
    for (let room = this.#room; room > 0 && this.#out.length > 0; room = this.#room) {
      const bytes = this.#out.shift(this.#line.pieceBytes(Math.min(room, this.#out.length)));
      this.#underWayBytes += bytes.length;
      this.#send({ bytes });
    }
    if (this.#out.length > 0 || this.destroyed) return;
    if (this.#ending === 'wanted') {
      this.#ending = 'sent';
      this.#send('end');
      this.#finish();
      this.#closeIfOver();
    } else if (this.writableNeedDrain) {
      this.writableNeedDrain = false;
      this.#clock.after(0, () => this.emit('drain'));
    }
  }

  get #room(): number {
    return this.#line.windowBytes - this.#underWayBytes;
  }

  #send(what: Arriving): void {
    const peer = this.#peer;
    if (!this.#cutOff && peer !== undefined) peer.#receive(what);
  }

  /** From the other end. */
  #receive(what: Arriving): void {
    if (this.#cutOff) return;
    if (!this.destroyed) this.#arrive(what);
    else if (what !== 'end' && 'bytes' in what) this.#send({ reset: connectionReset() });
  }

  #arrive(what: Arriving): void {
    const nowMs = this.#clock.nowMs();
    const dueMs = Math.max(this.#lastDueMs, nowMs + this.#line.delayMs());
    const arrival = { what, dueMs, arrived: false };
    this.#lastDueMs = dueMs;
    this.#arrivals.push(arrival);
    this.#clock.after(dueMs - nowMs, () => {
      arrival.arrived = true;
      this.#deliver();
    });
  }

  #deliver(): void {
    const nowMs = this.#clock.nowMs();
    const isHere = ({ arrived, dueMs }: Arrival) => arrived || dueMs <= nowMs;
    const reset = this.#arrivals.find((arrival) => isReset(arrival.what) && isHere(arrival));
    if (reset !== undefined && isReset(reset.what)) return this.#close(reset.what.reset);
    while (this.#flows && !this.destroyed) {
      const [first] = this.#arrivals;
      // A reset that came meanwhile has an event of its own.
      if (first === undefined || isReset(first.what) || !isHere(first)) return;
      if (first.what === 'end') this.#emitEnd();
      else this.#emitBytes(isHere);
    }
  }

  /** All that has come, as one. */
  #emitBytes(isHere: (arrival: Arrival) => boolean): void {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (const arrival of this.#arrivals) {
      if (arrival.what === 'end' || isReset(arrival.what) || !isHere(arrival) || bytes >= readBytesMax) break;
      pieces.push(arrival.what.bytes);
      bytes += arrival.what.bytes.length;
    }
    this.#arrivals.splice(0, pieces.length);
    const peer = this.#peer;
    if (peer !== undefined) peer.#wasRead(bytes);
    this.emit('data', pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  }

  #wasRead(bytes: number): void {
    this.#underWayBytes -= bytes;
    if (this.#out.length > 0 && !this.#cutOff) this.#clock.after(this.#line.delayMs(), () => this.#flush());
  }

  /** Whoever has heard that nothing more comes ends as well, as node:net does unless it is told otherwise. */
  #emitEnd(): void {
    this.#arrivals.shift();
    this.#peerEnded = true;
    this.emit('end');
    if (!this.destroyed) this.end();
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (this.#peerEnded && this.#ending === 'sent' && !this.destroyed) this.#close(null);
  }
}

function isReset(what: Arriving): what is { readonly reset: Error } {
  return what !== 'end' && 'reset' in what;
}

export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
