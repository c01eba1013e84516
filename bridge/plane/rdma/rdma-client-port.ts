// A client's end of its slots over RDMA: a request is one WRITE with an immediate, of the bytes as they stand in the mirror;
// the response comes likewise, and its status is put into the mirror once its bytes are there.
import type { MemoryRegion } from '#native';
import type { Disconnected } from '../../errors.ts';
import { arenaWords, IndexFlow, isNotice, notices } from '../index-flow.ts';
import type { MirrorSlots } from '../mirror-slots.ts';
import type { ClientPort } from '../plane.ts';
import type { SlotRange } from '../slot-board.ts';
import { looksPerSpin, type RdmaEngine } from './rdma-engine.ts';
import { entryKindOf, frameOf, frameStatusOf } from './rdma-frame.ts';
import { rdmaIndexWire } from './rdma-index-wire.ts';
import type { RdmaBoundPath } from './rdma-path.ts';

/** How often a thread that blocks asks whether the peer is still there, milliseconds. */
const probeEveryMs = 100;

/** A path with a slot at its end. */
export interface RdmaSlotPath extends RdmaBoundPath {
  /** The mirror, registered. */
  readonly mirror: MemoryRegion;
  /** For a thread that blocks, and so can hear nothing else: the session is broken. */
  readonly onBroken: (error: Disconnected) => void;
}

export class RdmaClientPort implements ClientPort {
  readonly looksPerClock: number = looksPerSpin;
  readonly #engine: RdmaEngine;
  readonly #slots: MirrorSlots;
  readonly #indices: Int32Array;
  #path: RdmaSlotPath | undefined;
  #flow: IndexFlow | undefined;
  #onCaughtUp: () => void = () => undefined;
  #armed = false;
  #probeAtMs = 0;
  #callback: () => void = () => undefined;

  /** `arena` is the mirror. */
  constructor(engine: RdmaEngine, arena: Uint8Array, slots: MirrorSlots) {
    this.#engine = engine;
    this.#indices = arenaWords({ arena });
    this.#slots = slots;
  }

  /** The home is reached by this path from here on. */
  connect(path: RdmaSlotPath): void {
    this.#path = path;
    this.#flow = new IndexFlow(rdmaIndexWire(path.wire, path.binding, path.mirror, path.home), this.#indices, 'holder');
  }

  get spinMsMax(): number {
    return this.#engine.spinMsMax;
  }

  /** The status byte itself stays 0 on its way: the frame brings it. Whether the server slept is not known here. */
  publish(slot: number, offset: number, bytes: number, status: number): boolean {
    this.#send(slot, offset, bytes, status); // Publishes: request.
    return false;
  }

  tell(slot: number, kind: number, offset: number, bytes: number): void {
    this.#send(slot, offset, bytes, frameStatusOf(kind)); // Publishes: request.
  }

  look(looks: number): boolean {
    this.#engine.observe(looks);
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
    this.#engine.observe(1);
  }

  /** From here on notices are heard, whether somebody looks or not. */
  catchUp(onCaughtUp: () => void): void {
    this.#onCaughtUp = onCaughtUp;
    this.#engine.arm(this.#indices);
    this.#flow?.askCatchUp();
  }

  /** The window closes. */
  close(): void {
    this.disarm();
    this.keepAlive(false);
    this.#engine.disarm(this.#indices);
  }

  restart(slots: SlotRange): void {
    this.#slots.restart(slots);
  }

  /** A response's bytes are in the mirror; its status follows them only now. */
  arrived(place: number, status: number): void {
    if (isNotice(status)) return this.#hear(status);
    const kind = entryKindOf(status);
    if (kind === undefined) this.#slots.arrived(place, status);
    else this.#slots.told(place, kind);
    this.wake();
  }

  #hear(notice: number): void {
    if (notice === notices.catchUp) this.#onCaughtUp();
    else if (this.#flow?.hear(notice)) this.wake();
  }

  /**
   * Whoever sleeps for a response looks up: it is there, or the lease has ended. Never at once: somebody who looks,
   * callSync for one, brought this in, and must not find the slot taken by others.
   */
  wake(): void {
    if (!this.#armed) return;
    this.#engine.clock.nextTurn(() => {
      if (this.#armed) this.#callback();
    });
  }

  arm(): void {
    this.#armed = true;
    this.#engine.arm(this);
  }

  disarm(): void {
    this.#armed = false;
    this.#engine.disarm(this);
  }

  onRing(callback: () => void): void {
    this.#callback = callback;
  }

  keepAlive(keep: boolean): void {
    this.#engine.keepAlive(this, keep);
  }

  /** No network connection can be read while the thread stands still; so the peer is asked on the data path. */
  block(timeoutMs: number): void {
    this.#engine.block(Math.min(timeoutMs, probeEveryMs));
    this.pumpControl();
  }

  /** A probe is a message on the wire: not one for each time that a spinning thread comes by. */
  pumpControl(): void {
    const path = this.#path;
    const nowMs = this.#engine.clock.nowMs();
    if (nowMs >= this.#probeAtMs) {
      this.#probeAtMs = nowMs + probeEveryMs;
      path?.wire.probe();
    }
    this.#engine.observe(1);
    if (path?.wire.broken !== undefined) path.onBroken(path.wire.broken);
  }

  /** One WRITE: the bytes as they stand, then the frame, whose binding is that of the lease for this slot. */
  #send(slot: number, offset: number, bytes: number, status: number): void {
    const path = this.#path;
    if (path === undefined) return;
    const frame = frameOf(path.binding + this.#slots.placeOf(slot), status);
    path.wire.publish(path.mirror, offset, bytes, path.home, offset, frame);
  }
}
