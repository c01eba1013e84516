// A carrier over a TCP socket of node:net. Everything on it comes from the event loop: a thread that blocks hears
// nothing here, so what must reach it meanwhile goes by its lease's data path.
import type { Socket } from 'node:net';
import type { Clock } from '../environment.ts';
import { CapacityExceeded } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { closingMs, controlBacklogMax } from '../limits.ts';
import type { Attachment } from '../plane/plane.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { FrameReader, frameOf } from './frame-reader.ts';

export class TcpCarrier implements Carrier {
  readonly carriesAttachments = false;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #onGreeted: () => void;
  readonly #reader = new FrameReader();
  /** Frames behind those that the congested socket has taken. */
  readonly #backlog: Uint8Array[] = [];
  #events: CarrierEvents | undefined;
  #closed = false;

  /** Takes over a socket that is connected, or was a moment ago. */
  constructor(socket: Socket, clock: Clock, onGreeted: () => void = () => undefined) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onGreeted = onGreeted;
    socket.unref();
    // Told by `close`, which follows; without a listener it would end the process.
    socket.on('error', () => undefined);
    socket.on('drain', () => this.#drain());
  }

  open(events: CarrierEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.on('data', (piece) => this.#take(piece));
    socket.once('end', () => this.#over(undefined));
    socket.once('close', () => this.#over(socket.errored ?? undefined));
    if (socket.closed) this.#clock.nextTurn(() => this.#over(socket.errored ?? undefined));
  }

  send(bytes: Uint8Array, attachments: readonly Attachment[]): void {
    invariant(attachments.length === 0, 'no attachments travel over TCP');
    if (this.#closed) return;
    if (!this.#congested) this.#socket.write(frameOf(bytes));
    else if (this.#backlog.length < controlBacklogMax) this.#backlog.push(frameOf(bytes));
    else this.#giveUp(new CapacityExceeded(`the peer left ${controlBacklogMax} control messages unread`));
  }

  /** There is nothing to be had from node:net but by the event loop. */
  pump(): void {}

  greeted(): void {
    this.#onGreeted();
  }

  keepAlive(keep: boolean): void {
    if (this.#closed) return;
    if (keep) this.#socket.ref();
    else this.#socket.unref();
  }

  /**
   * Sends what is left, says that this was all, and reads on until the peer has said so too: unread bytes would turn the
   * end into a reset, which overtakes what was sent before it.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events = undefined;
    const socket = this.#socket;
    if (socket.destroyed) return;
    for (const frame of this.#backlog.splice(0)) socket.write(frame);
    const limit = this.#clock.after(closingMs, () => socket.destroy());
    socket.once('close', () => limit.cancel());
    socket.ref();
    socket.end(() => socket.unref());
    socket.resume();
  }

  get #congested(): boolean {
    return this.#backlog.length > 0 || this.#socket.writableNeedDrain;
  }

  #drain(): void {
    while (this.#backlog.length > 0 && !this.#socket.writableNeedDrain) {
      this.#socket.write(this.#backlog.shift() as Uint8Array);
    }
  }

  /** Whatever is thrown on the way ends this carrier, and only it: a peer across the network does not end the process. */
  #take(piece: Uint8Array): void {
    if (this.#closed) return;
    try {
      for (const message of this.#reader.read(piece)) this.#events?.onMessage(message, []);
    } catch (error) {
      this.#over(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #over(error: Error | undefined): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onClose(error);
    this.close();
  }

  /** Nothing more gets through to the peer. */
  #giveUp(error: Error): void {
    this.#socket.destroy();
    this.#over(error);
  }
}
