// A client's end of its slots on another machine: what it publishes is sent from its mirror, and a response's status is put
// there once its bytes are.
import { arenaWords, type ClientPort, IndexFlow, isNotice, type MirrorSlots, notices, type SlotRange } from '#bridge';
import { farIndexWire } from './far-index-wire.ts';
import type { FarLooker, FarPath } from './far-path.ts';

const callSpinMsMax = 0.05;
/** How often a thread that blocks asks whether the peer is still there, milliseconds. */
const probeEveryMs = 100;

export class FarClientPort implements ClientPort {
  readonly spinMsMax: number = callSpinMsMax;
  readonly looksPerClock = 1;
  readonly #looker: FarLooker;
  readonly #arena: Uint8Array;
  readonly #slots: MirrorSlots;
  readonly #indices: Int32Array;
  #path: FarPath | undefined;
  #flow: IndexFlow | undefined;
  #onCaughtUp: () => void = () => undefined;
  #armed = false;
  #callback: () => void = () => undefined;

  /** `arena` is the mirror. */
  constructor(looker: FarLooker, arena: Uint8Array, slots: MirrorSlots) {
    this.#looker = looker;
    this.#arena = arena;
    this.#indices = arenaWords({ arena });
    this.#slots = slots;
  }

  /** The home is reached by this path from here on. */
  connect(path: FarPath): void {
    this.#path = path;
    this.#flow = new IndexFlow(farIndexWire(path.end, path.binding, this.#arena), this.#indices, 'holder');
  }

  /** Whether the server slept is not known here. Publishes: request. */
  publish(slot: number, offset: number, bytes: number, status: number): boolean {
    const source = this.#arena.subarray(offset, offset + bytes);
    const news = { place: this.#slots.placeOf(slot), status };
    this.#path?.end.publish(this.#path.binding, offset, source, news);
    return false;
  }

  /** Publishes: request. */
  tell(slot: number, kind: number, offset: number, bytes: number): void {
    const source = this.#arena.subarray(offset, offset + bytes);
    const news = { place: this.#slots.placeOf(slot), kind };
    this.#path?.end.publish(this.#path.binding, offset, source, news);
  }

  /** Once: nothing changes here while this process's thread has the turn. */
  look(_looks: number): boolean {
    this.#looker.observe();
    return this.#slots.look(1); // Observes: response.
  }

  next(): number {
    return this.#slots.next();
  }

  publishIndex(offset: number, bytes: number, indexOffset: number, index: number): void {
    Atomics.store(this.#indices, indexOffset >>> 2, index);
    this.#flow?.publish(offset, bytes, indexOffset, index); // Publishes: index.
  }

  observe(): void {
    this.#looker.observe();
  }

  catchUp(onCaughtUp: () => void): void {
    this.#onCaughtUp = onCaughtUp;
    this.#flow?.askCatchUp();
  }

  restart(slots: SlotRange): void {
    this.#slots.restart(slots);
  }

  /** A response's bytes are in the mirror; its status follows them only now. */
  arrived(place: number, status: number): void {
    if (isNotice(status)) return this.#hear(status);
    this.#slots.arrived(place, status);
    this.wake();
  }

  told(place: number, kind: number): void {
    this.#slots.told(place, kind);
    this.wake();
  }

  #hear(notice: number): void {
    if (notice === notices.catchUp) this.#onCaughtUp();
    else if (this.#flow?.hear(notice)) this.wake();
  }

  /** Never at once: somebody who looks brought this in, and must not find the slot taken by others. */
  wake(): void {
    if (!this.#armed) return;
    this.#looker.clock.nextTurn(() => {
      if (this.#armed) this.#callback();
    });
  }

  arm(): void {
    this.#armed = true;
  }

  disarm(): void {
    this.#armed = false;
  }

  onRing(callback: () => void): void {
    this.#callback = callback;
  }

  keepAlive(keep: boolean): void {
    this.#looker.keepAlive(this, keep);
  }

  /** No network connection can be read while the thread stands still; so the peer is asked on the data path. */
  block(timeoutMs: number): void {
    this.#looker.clock.block(() => this.#looker.hasNews, Math.min(timeoutMs, probeEveryMs));
    this.pumpControl();
  }

  /** The others have had their time while this thread was busy: what they did in it is done now. */
  pumpControl(): void {
    const path = this.#path;
    path?.end.probe();
    this.#looker.clock.block(() => false, 0);
    this.#looker.observe();
    if (path?.end.broken !== undefined) path.onBroken(path.end.broken);
  }
}
