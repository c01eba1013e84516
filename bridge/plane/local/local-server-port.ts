// The server's end of all slots of a lease, at its home: towards clients that map the memory, and towards those that
// another plane brings in.
import type { Doorbell } from '#native';
import { type SlotLayout, serverSleepsWord } from '../../lease/control-page.ts';
import { arenaWords, type IndexFlow, isNotice, notices } from '../index-flow.ts';
import type { ServerPort, Window } from '../plane.ts';
import { clientSleeps } from '../sleep-word.ts';
import type { SlotBoard, SlotRange } from '../slot-board.ts';
import { type ClientEnd, clientEnd, type ServerEnd, serverEnd } from '../slot-ends.ts';
import { DoorbellSleeper, Waker } from './doorbell-sleeper.ts';

/** Looks at an inlet at a time, where there is nothing else to look at. */
const looksPerObserve = 64;
const observesPerClock = 512;
/** How long an idle server goes on looking: some wake-ups' worth, so that a client that slept finds it. */
const idleSpinMsMax = 0.2;

/** A client that does not map the memory: its plane takes what is published for it across, and brings in what it sends. */
export interface FarClient {
  /** What is published for it by publishIndex(). */
  readonly indices: IndexFlow;
  publish(slot: number, offset: number, bytes: number, status: number): void;
  tell(slot: number, kind: number, offset: number, bytes: number): void;
}

/** What brings in what far clients send: once for all of them. */
export interface Inlet {
  /** What looking before sleeping may take with such clients, milliseconds. */
  readonly spinMsMax: number;
  /** Looks up to `looks` times until something has arrived, and brings in all that has. */
  observe(looks: number): void;
  /** From now until disarm(), arrivals call back from the event loop. */
  arm(sleeper: object): void;
  disarm(sleeper: object): void;
  /** Calls back from the event loop. */
  nextTurn(callback: () => void): void;
}

/** A client that maps the memory, as the server's end sees it; or a far one. */
type Client =
  | { readonly end: ServerEnd; readonly waker: Waker; readonly far?: undefined }
  /** What it sends is shown to the server by its stand-in. */
  | { readonly far: FarClient; readonly standIn: ClientEnd };

export class LocalServerPort extends DoorbellSleeper implements ServerPort {
  readonly board: SlotBoard | undefined;
  readonly #window: Window;
  readonly #layout: SlotLayout;
  readonly #clients: (Client | undefined)[] = [];
  #near = 0;
  #far = 0;
  #inlet: Inlet | undefined;
  #armed = false;
  readonly #indices: Int32Array;
  #callback: () => void = () => undefined;
  #publishAll: ((client: number) => void) | undefined;

  constructor(window: Window, serverBell: Doorbell, layout: SlotLayout, board: SlotBoard | undefined) {
    super({ words: window.control.words, index: serverSleepsWord }, serverBell);
    this.#window = window;
    this.#layout = layout;
    this.#indices = arenaWords(window);
    this.board = board;
  }

  get spinMsMax(): number {
    return Math.max(idleSpinMsMax, this.#inlet?.spinMsMax ?? 0);
  }

  get observesPerClock(): number {
    return this.#onlyFar ? observesPerClock / looksPerObserve : observesPerClock;
  }

  observe(): void {
    if (this.#inlet !== undefined) this.#inlet.observe(this.#onlyFar ? looksPerObserve : 1);
  }

  publish(client: number, slot: number, offset: number, bytes: number, status: number): void {
    const known = this.#clients[client];
    if (known === undefined) return;
    if (known.far !== undefined) return known.far.publish(slot, offset, bytes, status);
    known.end.show(slot, status); // Publishes: response.
    known.waker.wake();
  }

  tell(client: number, slot: number, kind: number, offset: number, bytes: number): void {
    const known = this.#clients[client];
    if (known === undefined) return;
    if (known.far !== undefined) return known.far.tell(slot, kind, offset, bytes);
    known.end.tell(slot, kind);
    known.waker.wake();
  }

  publishIndex(client: number, offset: number, bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index. Its high half stays 0.
    const known = this.#clients[client];
    if (known?.far !== undefined) return known.far.indices.publish(offset, bytes, indexOffset, index);
    known?.waker.wake();
  }

  onCatchUp(publishAll: (client: number) => void): void {
    this.#publishAll = publishAll;
  }

  /** A client that maps the memory has these slots from here on. */
  addClient(slots: SlotRange, bell: Doorbell): void {
    const sleeps = clientSleeps(this.#window, this.board, slots);
    // As the client before has left it, it might be taken for a sleep of this one that was rung for.
    Atomics.store(sleeps.words, sleeps.index, 0);
    const waker = new Waker(sleeps, bell);
    this.#clients[slots.client] = { end: serverEnd(this.#window, this.board, this.#layout, slots), waker };
    this.#near += 1;
  }

  /** A client elsewhere has these slots from here on: what it sends comes in by `inlet`. */
  addFarClient(slots: SlotRange, far: FarClient, inlet: Inlet): void {
    const standIn = clientEnd(this.#window, this.board, this.#layout, slots);
    this.#clients[slots.client] = { far, standIn };
    this.#far += 1;
    this.#inlet = inlet;
    if (this.#armed) inlet.arm(this);
    if (this.#publishAll !== undefined) inlet.arm(this.#clients); // Notices are heard, whether somebody looks or not.
  }

  removeClient(client: number): void {
    const known = this.#clients[client];
    if (known === undefined) return;
    this.#clients[client] = undefined;
    if (known.far === undefined) this.#near -= 1;
    else this.#far -= 1;
    if (this.#far > 0) return;
    this.#inlet?.disarm(this);
    this.#inlet?.disarm(this.#clients);
    this.#inlet = undefined;
  }

  /** A far client's bytes are there; its status follows them only now. Publishes: request. */
  arrived(client: number, slot: number, status: number): void {
    const known = this.#clients[client];
    if (known?.far === undefined) return;
    if (isNotice(status)) return this.#hear(client, known.far, status);
    known.standIn.show(slot, status);
    this.#wake();
  }

  /** As arrived(), of what is no status. */
  told(client: number, slot: number, kind: number): void {
    const known = this.#clients[client];
    if (known?.far === undefined) return;
    known.standIn.tell(slot, kind);
    this.#wake();
  }

  #hear(client: number, { indices }: FarClient, notice: number): void {
    if (this.#publishAll === undefined) return;
    if (notice === notices.catchUp) {
      if (indices.catchesUp) return; // Asked again and again, it is answered once.
      this.#publishAll(client);
      indices.endCatchUp();
    } else if (indices.hear(notice)) this.#wake();
  }

  override arm(): void {
    super.arm();
    this.#armed = true;
    this.#inlet?.arm(this);
  }

  override disarm(): void {
    super.disarm();
    this.#armed = false;
    this.#inlet?.disarm(this);
  }

  override onRing(callback: () => void): void {
    this.#callback = callback;
    super.onRing(callback);
  }

  #wake(): void {
    if (!this.#armed) return;
    this.#inlet?.nextTurn(() => {
      if (this.#armed) this.#callback();
    });
  }

  get #onlyFar(): boolean {
    return this.#inlet !== undefined && this.#near === 0;
  }
}
