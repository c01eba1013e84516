// The two ends of a slot on one machine. Publishing is one atomic store; a sleeping peer is woken by its eventfd, and
// a busy one costs no system call.
//
// No wake-up is lost, because both sides store before they load, and Atomics are sequentially consistent:
//   sleeper: store own sleeper word,     load status; sleeps only if nothing was published.
//   waker:   store status,               load peer's sleeper word; rings if it is not 0.
// Whichever store comes second, its side's load sees the other's store. The atomic store is the fence; the waker's load
// after it is a plain one, which nothing moves before the fence, and a tenth of the price.
import { type Doorbell, type Readable, waitReadable } from '#native';
import { clientSleepsWord, serverSleepsWord } from '../../lease/control-page.ts';
import { type IndexFlow, isNotice, notices } from '../index-flow.ts';
import type { ClientPort, ServerPort, Sleeper, Window } from '../plane.ts';
import type { UnixCarrier } from './unix-transport.ts';

/** How long a call looks for its answer before it sleeps, milliseconds: about what a wake-up costs. */
const callSpinMsMax = 0.05;
const sleepsMax: number = 2 ** 31 - 1;
/** Looks at an inlet at a time, where there is nothing else to look at. */
const looksPerObserve = 64;
const observesPerClock = 512;
/** How long an idle server goes on looking: some wake-ups' worth, so that a client that slept finds it. */
const idleSpinMsMax = 0.2;

abstract class DoorbellSleeper implements Sleeper {
  abstract readonly spinMsMax: number;
  readonly #words: Int32Array;
  readonly #ownWord: number;
  readonly #bell: Doorbell;
  /** From where a predecessor left the word: what was rung for one of its sleeps was not rung for one of these. */
  #sleeps: number;

  constructor(window: Window, ownWord: number, bell: Doorbell) {
    this.#words = window.control.words;
    this.#ownWord = ownWord;
    this.#bell = bell;
    this.#sleeps = Atomics.load(this.#words, ownWord) & sleepsMax;
  }

  /** Each sleep has another number, so that a waker knows for which it has rung. */
  arm(): void {
    this.#sleeps = (this.#sleeps % sleepsMax) + 1;
    Atomics.store(this.#words, this.#ownWord, this.#sleeps);
  }

  disarm(): void {
    Atomics.store(this.#words, this.#ownWord, 0);
  }

  onRing(callback: () => void): void {
    this.#bell.watch(() => {
      this.#bell.drain();
      callback();
    });
  }

  keepAlive(keep: boolean): void {
    if (this.#bell.closed) return;
    if (keep) this.#bell.ref();
    else this.#bell.unref();
  }
}

export class LocalClientPort extends DoorbellSleeper implements ClientPort {
  readonly spinMsMax: number = callSpinMsMax;
  readonly looksPerClock = 256;
  readonly #arena: Uint8Array;
  readonly #indices: Int32Array;
  readonly #words: Int32Array;
  readonly #bells: { readonly server: Doorbell; readonly client: Doorbell };
  readonly #carrier: UnixCarrier | undefined;
  readonly #wakers: readonly Readable[];
  #statusOffset = 0;
  /** The server's sleep that publishIndex() has rung for: it looks once more after that, so once is enough. */
  #rungFor = 0;

  /** `carrier` is absent where client and home are one process: there is no session to watch. */
  constructor(window: Window, slot: number, bells: { server: Doorbell; client: Doorbell }, carrier?: UnixCarrier) {
    super(window, clientSleepsWord(slot), bells.client);
    this.#arena = window.arena;
    this.#indices = indicesOf(window);
    this.#words = window.control.words;
    this.#bells = bells;
    this.#carrier = carrier;
    this.#wakers = carrier === undefined ? [bells.client] : [bells.client, carrier.socket];
  }

  publish(_offset: number, _bytes: number, statusOffset: number, status: number): boolean {
    Atomics.store(this.#arena, statusOffset, status); // Publishes: request.
    if (this.#words[serverSleepsWord] === 0) return false;
    this.#bells.server.ring();
    return true;
  }

  publishIndex(_offset: number, _bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index. Its high half stays 0.
    const sleep = this.#words[serverSleepsWord] as number;
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

  look(looks: number): boolean {
    const arena = this.#arena;
    for (let i = 0; i < looks; i++) {
      if (Atomics.load(arena, this.#statusOffset) !== 0) return true; // Observes: response.
    }
    return false;
  }

  block(timeoutMs: number): void {
    waitReadable(this.#wakers, timeoutMs);
    this.#bells.client.drain();
    this.#carrier?.pump();
  }

  pumpControl(): void {
    this.#carrier?.pump();
  }
}

/** A client that does not map the memory: its plane takes what is published for it across, and brings in what it sends. */
export interface FarClient {
  /** What is published for it by publishIndex(). */
  readonly indices: IndexFlow;
  publish(offset: number, bytes: number, status: number): void;
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

export class LocalServerPort extends DoorbellSleeper implements ServerPort {
  readonly #arena: Uint8Array;
  readonly #indices: Int32Array;
  readonly #words: Int32Array;
  readonly #clientBells: ReadonlyMap<number, Doorbell>;
  readonly #farClients: (FarClient | undefined)[] = [];
  readonly #statusOffsets: number[] = [];
  /** By slot: see LocalClientPort. */
  readonly #rungFor: number[] = [];
  #inlet: Inlet | undefined;
  #callback: () => void = () => undefined;
  #publishAll: ((slot: number) => void) | undefined;

  /** `clientBells` is the home's own table, by slot; it changes as clients come and go. */
  constructor(window: Window, serverBell: Doorbell, clientBells: ReadonlyMap<number, Doorbell>) {
    super(window, serverSleepsWord, serverBell);
    this.#arena = window.arena;
    this.#indices = indicesOf(window);
    this.#words = window.control.words;
    this.#clientBells = clientBells;
  }

  get spinMsMax(): number {
    return Math.max(idleSpinMsMax, this.#inlet?.spinMsMax ?? 0);
  }

  expectAt(slot: number, statusOffset: number): void {
    this.#statusOffsets[slot] = statusOffset;
  }

  get observesPerClock(): number {
    return this.#onlyFar ? observesPerClock / looksPerObserve : observesPerClock;
  }

  observe(): void {
    if (this.#inlet !== undefined) this.#inlet.observe(this.#onlyFar ? looksPerObserve : 1);
  }

  publish(slot: number, offset: number, bytes: number, statusOffset: number, status: number): void {
    const far = this.#farClients[slot];
    if (far !== undefined) return far.publish(offset, bytes, status);
    Atomics.store(this.#arena, statusOffset, status); // Publishes: response.
    if (this.#words[clientSleepsWord(slot)] !== 0) this.#clientBells.get(slot)?.ring();
  }

  publishIndex(slot: number, offset: number, bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index. Its high half stays 0.
    const far = this.#farClients[slot];
    if (far !== undefined) return far.indices.publish(offset, bytes, indexOffset, index);
    const sleep = this.#words[clientSleepsWord(slot)] as number;
    const bell = this.#clientBells.get(slot);
    if (sleep === 0 || sleep === this.#rungFor[slot] || bell === undefined) return; // Or a dead client’s sleep.
    this.#rungFor[slot] = sleep;
    bell.ring();
  }

  onCatchUp(publishAll: (slot: number) => void): void {
    this.#publishAll = publishAll;
  }

  /** The client of `slot` is elsewhere: what it sends comes in by `inlet`. */
  setFarClient(slot: number, client: FarClient, inlet: Inlet): void {
    this.#farClients[slot] = client;
    this.#inlet = inlet;
    if (this.#asleep) inlet.arm(this);
    if (this.#publishAll !== undefined) inlet.arm(this.#farClients); // Notices are heard, whether somebody looks or not.
  }

  removeClient(slot: number): void {
    this.#farClients[slot] = undefined;
    this.#rungFor[slot] = 0;
    if (this.#inlet === undefined || this.#farClients.some((client) => client !== undefined)) return;
    this.#inlet.disarm(this);
    this.#inlet.disarm(this.#farClients);
    this.#inlet = undefined;
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
    const far = this.#farClients[slot];
    if (far === undefined || this.#publishAll === undefined) return;
    if (notice === notices.catchUp) {
      if (far.indices.catchesUp) return; // Asked again and again, it is answered once.
      this.#publishAll(slot);
      far.indices.endCatchUp();
    } else if (far.indices.hear(notice)) this.#wake();
  }

  #wake(): void {
    if (!this.#asleep) return;
    this.#inlet?.nextTurn(() => {
      if (this.#asleep) this.#callback();
    });
  }

  override arm(): void {
    super.arm();
    this.#inlet?.arm(this);
  }

  override disarm(): void {
    super.disarm();
    this.#inlet?.disarm(this);
  }

  override onRing(callback: () => void): void {
    this.#callback = callback;
    super.onRing(callback);
  }

  get #onlyFar(): boolean {
    return this.#inlet !== undefined && this.#clientBells.size === 0;
  }

  get #asleep(): boolean {
    return this.#words[serverSleepsWord] !== 0;
  }
}

/** The arena as words: for the low halves of indices. */
function indicesOf({ arena }: Window): Int32Array {
  return new Int32Array(arena.buffer, 0, arena.length >>> 2);
}
