// The client's end of its slots on one machine: publishing is an atomic store, and a native call only where the server
// sleeps.
import { type Doorbell, type Readable, waitReadable } from '#native';
import { InvariantViolation } from '../../invariant.ts';
import { serverSleepsWord } from '../../lease/control-page.ts';
import { arenaWords } from '../index-flow.ts';
import type { ClientPort, Window } from '../plane.ts';
import type { SleepWord } from '../sleep-word.ts';
import type { ClientEnd } from '../slot-ends.ts';
import { DoorbellSleeper, Waker } from './doorbell-sleeper.ts';
import type { UnixCarrier } from './unix-transport.ts';

/** How long a call looks for its answer before it sleeps, milliseconds: about what a wake-up costs. */
const callSpinMsMax = 0.05;

export interface ClientPortParts {
  readonly window: Window;
  readonly end: ClientEnd;
  /** Where this client says that it sleeps. */
  readonly sleeps: SleepWord;
  readonly bells: { readonly server: Doorbell; readonly client: Doorbell };
  /** Absent where client and home are one process: there is no session to watch. */
  readonly carrier?: UnixCarrier | undefined;
}

export class LocalClientPort extends DoorbellSleeper implements ClientPort {
  readonly spinMsMax: number = callSpinMsMax;
  readonly looksPerClock = 256;
  readonly #end: ClientEnd;
  readonly #server: Waker;
  readonly #indices: Int32Array;
  readonly #bell: Doorbell;
  readonly #carrier: UnixCarrier | undefined;
  readonly #wakers: readonly Readable[];

  constructor({ window, end, sleeps, bells, carrier }: ClientPortParts) {
    super(sleeps, bells.client);
    this.#end = end;
    this.#server = new Waker({ words: window.control.words, index: serverSleepsWord }, bells.server);
    this.#indices = arenaWords(window);
    this.#bell = bells.client;
    this.#carrier = carrier;
    this.#wakers = carrier === undefined ? [bells.client] : [bells.client, carrier.socket];
  }

  publish(slot: number, _offset: number, _bytes: number, status: number): boolean {
    this.#end.show(slot, status); // Publishes: request.
    return this.#server.wake();
  }

  tell(slot: number, kind: number): void {
    this.#end.tell(slot, kind);
    this.#server.wake();
  }

  look(looks: number): boolean {
    return this.#end.look(looks); // Observes: response.
  }

  next(): number {
    return this.#end.next();
  }

  publishIndex(_offset: number, _bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index); // Publishes: index. Its high half stays 0.
    this.#server.wake();
  }

  observe(): void {
    // The server stores where this looks.
  }

  catchUp(onCaughtUp: () => void): void {
    onCaughtUp();
  }

  restart(): never {
    throw new InvariantViolation('a lease on this machine is never interrupted');
  }

  block(timeoutMs: number): void {
    waitReadable(this.#wakers, timeoutMs);
    this.#bell.drain();
    this.#carrier?.pump();
  }

  pumpControl(): void {
    this.#carrier?.pump();
  }
}
