// The two ends of a slot in a simulation. Publishing and sleeping follow the local plane word for word, so that its
// argument on lost wake-ups is what runs here; only the bell is another.
import {
  type ClientPort,
  clientSleepsWord,
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

/** What decides when a thread loses its processor. */
export interface Preemption {
  readonly preemptMs: () => number;
}

abstract class BellSleeper implements Sleeper {
  abstract readonly spinMsMax: number;
  readonly clock: ProcessClock;
  readonly words: Int32Array;
  readonly #ownWord: number;
  readonly #bell: MemoryDoorbell;
  readonly #preemption: Preemption;

  constructor(clock: ProcessClock, window: Window, ownWord: number, bell: MemoryDoorbell, preemption: Preemption) {
    this.clock = clock;
    this.#preemption = preemption;
    this.words = window.control.words;
    this.#ownWord = ownWord;
    this.#bell = bell;
  }

  arm(): void {
    this.preempt();
    Atomics.store(this.words, this.#ownWord, 1);
    this.preempt();
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

  /** The thread may lose its processor here, and find the memory otherwise when it goes on. */
  protected preempt(): void {
    this.clock.preempt(this.#preemption.preemptMs());
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
  readonly #bells: SlotBells;
  readonly #carrier: MemoryCarrier | undefined;
  #statusOffset = 0;

  /** `carrier` is absent where client and home are one process. */
  constructor(
    clock: ProcessClock,
    window: Window,
    slot: number,
    bells: SlotBells,
    preemption: Preemption,
    carrier?: MemoryCarrier,
  ) {
    super(clock, window, clientSleepsWord(slot), bells.client, preemption);
    this.#arena = window.arena;
    this.#bells = bells;
    this.#carrier = carrier;
  }

  publish(_offset: number, _bytes: number, statusOffset: number, status: number): boolean {
    this.preempt();
    Atomics.store(this.#arena, statusOffset, status); // Publishes: request.
    this.preempt();
    if (Atomics.load(this.words, serverSleepsWord) === 0) return false;
    this.#bells.server.ring();
    return true;
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
  publish(offset: number, bytes: number, status: number): void;
  observe(): void;
}

export class MemoryServerPort extends BellSleeper implements ServerPort {
  readonly observesPerClock = 512;
  readonly spinMsMax: number = idleSpinMsMax;
  readonly #arena: Uint8Array;
  readonly #bell: MemoryDoorbell;
  readonly #clientBells: ReadonlyMap<number, MemoryDoorbell>;
  readonly #farClients = new Map<number, FarClient>();
  readonly #statusOffsets: number[] = [];

  /** `clientBells` is the home's own table, by slot; it changes as clients come and go. */
  constructor(
    clock: ProcessClock,
    window: Window,
    bell: MemoryDoorbell,
    clientBells: ReadonlyMap<number, MemoryDoorbell>,
    preemption: Preemption,
  ) {
    super(clock, window, serverSleepsWord, bell, preemption);
    this.#arena = window.arena;
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
    this.preempt();
    Atomics.store(this.#arena, statusOffset, status); // Publishes: response.
    this.preempt();
    if (Atomics.load(this.words, clientSleepsWord(slot)) !== 0) this.#clientBells.get(slot)?.ring();
  }

  /** The client of `slot` is on another machine. */
  setFarClient(slot: number, client: FarClient): void {
    this.#farClients.set(slot, client);
  }

  removeFarClient(slot: number): void {
    this.#farClients.delete(slot);
  }

  /** A far client's bytes are there; its status follows them only now. Publishes: request. */
  arrived(slot: number, status: number): void {
    const statusOffset = this.#statusOffsets[slot];
    if (statusOffset === undefined) return;
    Atomics.store(this.#arena, statusOffset, status);
    if (Atomics.load(this.words, serverSleepsWord) !== 0) this.#bell.ring();
  }
}
