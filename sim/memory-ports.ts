// The two ends of a client's slots in a simulation. Publishing and sleeping follow the local plane word for word, so that its
// argument on lost wake-ups is what runs here; only the bell is another.
import {
  arenaWords,
  type ClientEnd,
  type ClientPort,
  clientEnd,
  clientSleeps,
  type IndexFlow,
  InvariantViolation,
  isNotice,
  notices,
  type ServerEnd,
  type ServerPort,
  type SlotBoard,
  type SlotLayout,
  type SlotRange,
  serverEnd,
  serverSleepsWord,
  type Window,
} from '#bridge';
import { BellSleeper, type Preemption, Waker } from './bell-sleeper.ts';
import type { MemoryCarrier } from './memory-carrier.ts';
import type { MemoryDoorbell } from './memory-doorbell.ts';
import type { ProcessClock } from './process-clock.ts';

/** As on the local plane. */
const callSpinMsMax = 0.05;
const idleSpinMsMax = 0.2;

/** The bells of a client. */
export interface SlotBells {
  readonly server: MemoryDoorbell;
  readonly client: MemoryDoorbell;
}

export interface ClientPortParts {
  readonly window: Window;
  readonly board: SlotBoard | undefined;
  readonly layout: SlotLayout;
  readonly slots: SlotRange;
  readonly bells: SlotBells;
  readonly preemption: Preemption;
  /** Absent where client and home are one process. */
  readonly carrier?: MemoryCarrier | undefined;
}

export class MemoryClientPort extends BellSleeper implements ClientPort {
  readonly spinMsMax: number = this.clock.spinMs(callSpinMsMax);
  readonly looksPerClock = 256;
  readonly #end: ClientEnd;
  readonly #server: Waker;
  readonly #indices: Int32Array;
  readonly #bell: MemoryDoorbell;
  readonly #carrier: MemoryCarrier | undefined;

  constructor(clock: ProcessClock, { window, board, layout, slots, bells, preemption, carrier }: ClientPortParts) {
    super(clock, clientSleeps(window, board, slots), bells.client, preemption);
    this.#end = clientEnd(window, board, layout, slots);
    this.#server = new Waker({ words: window.control.words, index: serverSleepsWord }, bells.server);
    this.#indices = arenaWords(window);
    this.#bell = bells.client;
    this.#carrier = carrier;
  }

  publish(slot: number, _offset: number, _bytes: number, status: number): boolean {
    this.preempt();
    this.#end.show(slot, status); // Publishes: request.
    this.preempt();
    return this.#server.wake();
  }

  tell(slot: number, kind: number): void {
    this.preempt();
    this.#end.tell(slot, kind);
    this.preempt();
    this.#server.wake();
  }

  publishIndex(_offset: number, _bytes: number, indexOffset: number, index: number): void {
    this.preempt();
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index.
    this.preempt();
    this.#server.wake();
  }

  observe(): void {
    // The server stores where this looks.
  }

  catchUp(onCaughtUp: () => void): void {
    onCaughtUp();
  }

  /** Once: nothing changes here while this process's thread has the turn. */
  look(_looks: number): boolean {
    return this.#end.look(1); // Observes: response.
  }

  next(): number {
    return this.#end.next();
  }

  restart(): never {
    throw new InvariantViolation('a lease on this machine is never interrupted');
  }

  block(timeoutMs: number): void {
    this.#blockUntil(() => this.#bell.rung || this.#carrier?.hasNews === true, timeoutMs);
    this.#bell.drain();
    this.#carrier?.pump();
  }

  /** The others have had their time while this thread was busy: what they did in it is done now. */
  pumpControl(): void {
    this.#blockUntil(() => false, 0);
    this.#carrier?.pump();
  }

  /** If it can never end, neither can the call in the slot: then the session is over. */
  #blockUntil(done: () => boolean, msMax: number): void {
    try {
      this.clock.block(done, msMax);
    } catch (error) {
      this.#carrier?.fail(error as Error);
      throw error;
    }
  }
}

/** A client that does not see the memory: what is published for it is sent, and what it sends is brought in. */
export interface FarClient {
  /** What is published for it by publishIndex(). */
  readonly indices: IndexFlow;
  publish(slot: number, offset: number, bytes: number, status: number): void;
  tell(slot: number, kind: number, offset: number, bytes: number): void;
  observe(): void;
}

/** A client that sees the memory; or a far one, and what shows what it sends to the server. */
type Client =
  | { readonly end: ServerEnd; readonly waker: Waker; readonly far?: undefined }
  | { readonly far: FarClient; readonly standIn: ClientEnd };

export interface ServerPortParts {
  readonly window: Window;
  readonly board: SlotBoard | undefined;
  readonly layout: SlotLayout;
  readonly bell: MemoryDoorbell;
  readonly preemption: Preemption;
}

export class MemoryServerPort extends BellSleeper implements ServerPort {
  /** As many as requests are taken at once: nothing more changes here while this process's thread has the turn. */
  readonly observesPerClock = 64;
  readonly spinMsMax: number = this.clock.spinMs(idleSpinMsMax);
  readonly board: SlotBoard | undefined;
  readonly #window: Window;
  readonly #layout: SlotLayout;
  readonly #bell: MemoryDoorbell;
  readonly #indices: Int32Array;
  readonly #clients: (Client | undefined)[] = [];
  #publishAll: ((client: number) => void) | undefined;

  constructor(clock: ProcessClock, { window, board, layout, bell, preemption }: ServerPortParts) {
    super(clock, { words: window.control.words, index: serverSleepsWord }, bell, preemption);
    this.#window = window;
    this.#layout = layout;
    this.#bell = bell;
    this.#indices = arenaWords(window);
    this.board = board;
  }

  observe(): void {
    for (const client of this.#clients) client?.far?.observe();
  }

  publish(client: number, slot: number, offset: number, bytes: number, status: number): void {
    const known = this.#clients[client];
    if (known?.far !== undefined) return known.far.publish(slot, offset, bytes, status);
    this.preempt();
    known?.end.show(slot, status); // Publishes: response.
    this.preempt();
    known?.waker.wake();
  }

  tell(client: number, slot: number, kind: number, offset: number, bytes: number): void {
    const known = this.#clients[client];
    if (known?.far !== undefined) return known.far.tell(slot, kind, offset, bytes);
    this.preempt();
    known?.end.tell(slot, kind);
    this.preempt();
    known?.waker.wake();
  }

  publishIndex(client: number, offset: number, bytes: number, indexOffset: number, index: number): void {
    this.preempt();
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index.
    this.preempt();
    const known = this.#clients[client];
    if (known?.far !== undefined) return known.far.indices.publish(offset, bytes, indexOffset, index);
    known?.waker.wake();
  }

  onCatchUp(publishAll: (client: number) => void): void {
    this.#publishAll = publishAll;
  }

  /** A client that sees the memory has these slots from here on. */
  addClient(slots: SlotRange, bell: MemoryDoorbell): void {
    const sleeps = clientSleeps(this.#window, this.board, slots);
    Atomics.store(sleeps.words, sleeps.index, 0);
    const waker = new Waker(sleeps, bell);
    this.#clients[slots.client] = { end: serverEnd(this.#window, this.board, this.#layout, slots), waker };
  }

  /** A client on another machine has these slots from here on. */
  addFarClient(slots: SlotRange, far: FarClient): void {
    this.#clients[slots.client] = { far, standIn: clientEnd(this.#window, this.board, this.#layout, slots) };
  }

  removeClient(client: number): void {
    this.#clients[client] = undefined;
  }

  /** A far client's bytes are there; its status follows them only now. Publishes: request. */
  arrived(client: number, slot: number, status: number): void {
    const known = this.#clients[client];
    if (known?.far === undefined) return;
    if (isNotice(status)) return this.#hear(client, known.far, status);
    known.standIn.show(slot, status);
    if (this.asleep) this.#bell.ring();
  }

  #hear(client: number, { indices }: FarClient, notice: number): void {
    if (this.#publishAll === undefined) return;
    if (notice === notices.catchUp) {
      if (indices.catchesUp) return;
      this.#publishAll(client);
      indices.endCatchUp();
    } else if (indices.hear(notice) && this.asleep) this.#bell.ring();
  }

  /** As arrived(), of what is no status. */
  told(client: number, slot: number, kind: number): void {
    const known = this.#clients[client];
    if (known?.far === undefined) return;
    known.standIn.tell(slot, kind);
    if (this.asleep) this.#bell.ring();
  }
}
