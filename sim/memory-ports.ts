// The two ends of a slot in a simulation. Publishing and sleeping follow the local plane word for word, so that its
// argument on lost wake-ups is what runs here; only the bell is another.
import {
  type ClientPort,
  clientSleepsWord,
  type IndexFlow,
  isNotice,
  notices,
  type ServerPort,
  type Sleeper,
  serverSleepsWord,
  type Window,
} from '#bridge';
import type { MemoryCarrier } from './memory-carrier.ts';
import type { MemoryDoorbell } from './memory-doorbell.ts';
import type { ProcessClock } from './process-clock.ts';

/** As on the local plane. */
const callSpinMsMax = 0.05;
const idleSpinMsMax = 0.2;

abstract class BellSleeper implements Sleeper {
  abstract readonly spinMsMax: number;
  readonly clock: ProcessClock;
  readonly words: Int32Array;
  readonly #ownWord: number;
  readonly #bell: MemoryDoorbell;
  #sleeps: number;

  constructor(clock: ProcessClock, window: Window, ownWord: number, bell: MemoryDoorbell) {
    this.clock = clock;
    this.words = window.control.words;
    this.#ownWord = ownWord;
    this.#bell = bell;
    this.#sleeps = Atomics.load(this.words, ownWord);
  }

  arm(): void {
    this.#sleeps += 1;
    Atomics.store(this.words, this.#ownWord, this.#sleeps);
  }

  disarm(): void {
    Atomics.store(this.words, this.#ownWord, 0);
  }

  onRing(callback: () => void): void {
    this.#bell.watch(this.clock, callback);
  }

  keepAlive(_keep: boolean): void {
    // A simulated process lives until it is killed.
  }
}

/** The bells of a slot. */
export interface SlotBells {
  readonly server: MemoryDoorbell;
  readonly client: MemoryDoorbell;
}

export class MemoryClientPort extends BellSleeper implements ClientPort {
  readonly spinMsMax: number = callSpinMsMax;
  readonly looksPerClock = 256;
  readonly #arena: Uint8Array;
  readonly #indices: Int32Array;
  readonly #bells: SlotBells;
  readonly #carrier: MemoryCarrier | undefined;
  #statusOffset = 0;
  #rungFor = 0;

  /** `carrier` is absent where client and home are one process. */
  constructor(clock: ProcessClock, window: Window, slot: number, bells: SlotBells, carrier?: MemoryCarrier) {
    super(clock, window, clientSleepsWord(slot), bells.client);
    this.#arena = window.arena;
    this.#indices = new Int32Array(window.arena.buffer, 0, window.arena.length >>> 2);
    this.#bells = bells;
    this.#carrier = carrier;
  }

  publish(_offset: number, _bytes: number, statusOffset: number, status: number): boolean {
    Atomics.store(this.#arena, statusOffset, status); // Publishes: request.
    if (Atomics.load(this.words, serverSleepsWord) === 0) return false;
    this.#bells.server.ring();
    return true;
  }

  publishIndex(_offset: number, _bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index.
    const sleep = Atomics.load(this.words, serverSleepsWord);
    if (sleep === 0 || sleep === this.#rungFor) return;
    this.#rungFor = sleep;
    this.#bells.server.ring();
  }

  observe(): void {
    // The server stores where this looks.
  }

  catchUp(onCaughtUp: () => void): void {
    onCaughtUp();
  }

  expectAt(statusOffset: number): void {
    this.#statusOffset = statusOffset;
  }

  /** Once: nothing changes here while this process's thread has the turn. */
  look(_looks: number): boolean {
    return Atomics.load(this.#arena, this.#statusOffset) !== 0; // Observes: response.
  }

  block(timeoutMs: number): void {
    const { client } = this.#bells;
    this.clock.block(() => client.rung || this.#carrier?.hasNews === true, timeoutMs);
    client.drain();
    this.#carrier?.pump();
  }

  /** The others have had their time while this thread was busy: what they did in it is done now. */
  pumpControl(): void {
    this.clock.block(() => false, 0);
    this.#carrier?.pump();
  }
}

/** A client that does not see the memory: what is published for it is sent, and what it sends is brought in. */
export interface FarClient {
  readonly indices: IndexFlow;
  publish(offset: number, bytes: number, status: number): void;
  observe(): void;
}

export class MemoryServerPort extends BellSleeper implements ServerPort {
  readonly observesPerClock = 512;
  readonly spinMsMax: number = idleSpinMsMax;
  readonly #arena: Uint8Array;
  readonly #indices: Int32Array;
  readonly #bell: MemoryDoorbell;
  readonly #clientBells: ReadonlyMap<number, MemoryDoorbell>;
  readonly #farClients = new Map<number, FarClient>();
  readonly #statusOffsets: number[] = [];
  readonly #rungFor: number[] = [];
  #publishAll: ((slot: number) => void) | undefined;

  /** `clientBells` is the home's own table, by slot; it changes as clients come and go. */
  constructor(
    clock: ProcessClock,
    window: Window,
    bell: MemoryDoorbell,
    clientBells: ReadonlyMap<number, MemoryDoorbell>,
  ) {
    super(clock, window, serverSleepsWord, bell);
    this.#arena = window.arena;
    this.#indices = new Int32Array(window.arena.buffer, 0, window.arena.length >>> 2);
    this.#bell = bell;
    this.#clientBells = clientBells;
  }

  expectAt(slot: number, statusOffset: number): void {
    this.#statusOffsets[slot] = statusOffset;
  }

  observe(): void {
    for (const client of this.#farClients.values()) client.observe();
  }

  publish(slot: number, offset: number, bytes: number, statusOffset: number, status: number): void {
    const far = this.#farClients.get(slot);
    if (far !== undefined) return far.publish(offset, bytes, status);
    Atomics.store(this.#arena, statusOffset, status); // Publishes: response.
    if (Atomics.load(this.words, clientSleepsWord(slot)) !== 0) this.#clientBells.get(slot)?.ring();
  }

  publishIndex(slot: number, offset: number, bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index.
    const far = this.#farClients.get(slot);
    if (far !== undefined) return far.indices.publish(offset, bytes, indexOffset, index);
    const sleep = Atomics.load(this.words, clientSleepsWord(slot));
    const bell = this.#clientBells.get(slot);
    if (sleep === 0 || sleep === this.#rungFor[slot] || bell === undefined) return; // Or a dead client’s sleep.
    this.#rungFor[slot] = sleep;
    bell.ring();
  }

  onCatchUp(publishAll: (slot: number) => void): void {
    this.#publishAll = publishAll;
  }

  /** The client of `slot` is on another machine. */
  setFarClient(slot: number, client: FarClient): void {
    this.#farClients.set(slot, client);
  }

  /** The client of `slot` is gone. */
  removeClient(slot: number): void {
    this.#rungFor[slot] = 0;
  }

  removeFarClient(slot: number): void {
    this.#farClients.delete(slot);
  }

  /** A far client's bytes are there; its status follows them only now. Publishes: request. */
  arrived(slot: number, status: number): void {
    if (isNotice(status)) return this.#hear(slot, status);
    const statusOffset = this.#statusOffsets[slot];
    if (statusOffset === undefined) return;
    Atomics.store(this.#arena, statusOffset, status);
    this.#wake();
  }

  #hear(slot: number, notice: number): void {
    const far = this.#farClients.get(slot);
    if (far === undefined || this.#publishAll === undefined) return;
    if (notice === notices.catchUp) {
      if (far.indices.catchesUp) return;
      this.#publishAll(slot);
      far.indices.endCatchUp();
    } else if (far.indices.hear(notice)) this.#wake();
  }

  #wake(): void {
    if (Atomics.load(this.words, serverSleepsWord) !== 0) this.#bell.ring();
  }
}
