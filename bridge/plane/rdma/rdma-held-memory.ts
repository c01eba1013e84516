// A lease held over RDMA: its window, a mirror, which stays through reconnections, and the path by which it is reached.
import { MemoryRegion } from '#native';
import type { Disconnected } from '../../errors.ts';
import type { LeaseIdentity, SlotLayout } from '../../lease/control-page.ts';
import { MirrorSlots } from '../mirror-slots.ts';
import type { ClientPort, HeldMemory } from '../plane.ts';
import type { SlotRange } from '../slot-board.ts';
import { RdmaAccess } from './rdma-access.ts';
import { RdmaClientPort } from './rdma-client-port.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import { endOf, statusOf } from './rdma-frame.ts';
import type { RegionName } from './rdma-messages.ts';
import type { RdmaBoundPath } from './rdma-path.ts';
import { RdmaWindow } from './rdma-window.ts';

/** What the link that the memory hangs on just now wants to hear. */
export interface HeldEvents {
  readonly onBroken: (error: Disconnected) => void;
  /** The lease is given back; the home may be writing to the mirror, if there is one, until it has said that it will not. */
  readonly onClose: (mirror: MemoryRegion | undefined) => void;
}

const mirrorAccess = { remoteRead: false, remoteWrite: true, remoteAtomic: false };

export class RdmaHeldMemory implements HeldMemory {
  readonly window: RdmaWindow;
  readonly #engine: RdmaEngine;
  readonly #layout: SlotLayout;
  readonly #access = new RdmaAccess();
  #port: RdmaClientPort | undefined;
  #mirror: MemoryRegion | undefined;
  #events: HeldEvents | undefined;
  #closed = false;

  constructor(engine: RdmaEngine, identity: LeaseIdentity, layout: SlotLayout) {
    this.#engine = engine;
    this.#layout = layout;
    this.window = new RdmaWindow(identity, layout, this.#access);
  }

  get clientPort(): ClientPort | undefined {
    return this.#port;
  }

  /** What the home has to know of the mirror; undefined where there is no slot, and so nothing to be written to it. */
  get mirror(): RegionName | undefined {
    if (this.#mirror === undefined) return undefined;
    const { address, rkey } = this.#mirror;
    return { address, rkey };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The lease is reached by this path from here on. With slots, the mirror is registered for responses. */
  connect(path: RdmaBoundPath, slots: SlotRange | undefined, events: HeldEvents): void {
    this.#events = events;
    this.#access.path = path;
    if (slots === undefined) return;
    const { arena } = this.window;
    this.#mirror = new MemoryRegion(path.wire.domain, arena.buffer as ArrayBuffer, 0, arena.length, mirrorAccess);
    this.#port ??= new RdmaClientPort(this.#engine, arena, new MirrorSlots(arena, this.#layout, slots));
    this.#port.connect({ ...path, mirror: this.#mirror, onBroken: events.onBroken });
  }

  /** The path is gone, and its queue pair with it. */
  disconnect(): void {
    this.#events = undefined;
    this.#mirror?.close();
    this.#mirror = undefined;
  }

  /** `place` is that of the slot among the client's own. */
  arrived(place: number, frame: number): void {
    const end = endOf(frame);
    if (end !== undefined) {
      this.window.end(end);
      this.#port?.wake();
    } else if (statusOf(frame) !== 0) {
      this.#port?.arrived(place, statusOf(frame));
    }
  }

  keepAlive(waiter: object, keep: boolean): void {
    this.#engine.keepAlive(waiter, keep);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port?.close();
    this.window.close();
    this.#events?.onClose(this.#mirror);
  }
}
