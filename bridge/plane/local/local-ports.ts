// The two ends of a slot on one machine. Publishing is one atomic store; a sleeping peer is woken by its eventfd, and
// a busy one costs no system call.
//
// No wake-up is lost, because both sides store before they load, and Atomics are sequentially consistent:
//   sleeper: store own sleeper word = 1, load status; sleeps only if nothing was published.
//   waker:   store status,               load peer's sleeper word; rings if it is 1.
// Whichever store comes second, its side's load sees the other's store. The atomic store is the fence; the waker's load
// after it is a plain one, which nothing moves before the fence, and a tenth of the price.
import { type Doorbell, type Readable, waitReadable } from '#native';
import { clientSleepsWord, serverSleepsWord } from '../../lease/control-page.ts';
import type { ClientPort, ServerPort, Sleeper, Window } from '../plane.ts';
import type { UnixCarrier } from './unix-transport.ts';

class DoorbellSleeper implements Sleeper {
  readonly #words: Int32Array;
  readonly #ownWord: number;
  readonly #bell: Doorbell;

  constructor(window: Window, ownWord: number, bell: Doorbell) {
    this.#words = window.control.words;
    this.#ownWord = ownWord;
    this.#bell = bell;
  }

  arm(): void {
    Atomics.store(this.#words, this.#ownWord, 1);
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
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #bells: { readonly server: Doorbell; readonly client: Doorbell };
  readonly #carrier: UnixCarrier | undefined;
  readonly #wakers: readonly Readable[];

  /** `carrier` is absent where client and home are one process: there is no session to watch. */
  constructor(window: Window, slot: number, bells: { server: Doorbell; client: Doorbell }, carrier?: UnixCarrier) {
    super(window, clientSleepsWord(slot), bells.client);
    this.#arena = window.arena;
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

  block(timeoutMs: number): void {
    waitReadable(this.#wakers, timeoutMs);
    this.#bells.client.drain();
    this.#carrier?.pump();
  }

  pumpControl(): void {
    this.#carrier?.pump();
  }
}

export class LocalServerPort extends DoorbellSleeper implements ServerPort {
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #clientBells: ReadonlyMap<number, Doorbell>;

  /** `clientBells` is the home's own table, by slot; it changes as clients come and go. */
  constructor(window: Window, serverBell: Doorbell, clientBells: ReadonlyMap<number, Doorbell>) {
    super(window, serverSleepsWord, serverBell);
    this.#arena = window.arena;
    this.#words = window.control.words;
    this.#clientBells = clientBells;
  }

  publish(slot: number, _offset: number, _bytes: number, statusOffset: number, status: number): void {
    Atomics.store(this.#arena, statusOffset, status); // Publishes: response.
    if (this.#words[clientSleepsWord(slot)] !== 0) this.#clientBells.get(slot)?.ring();
  }
}
