// A client's end of a slot over RDMA: a request is one WRITE with an immediate, of the bytes as they stand in the mirror;
// the response comes likewise, and its status is put into the mirror once its bytes are there.
import type { MemoryRegion, RemoteRegion } from '#native';
import type { Disconnected } from '../../errors.ts';
import type { ClientPort } from '../plane.ts';
import { frameOf } from './rdma-frame.ts';
import type { RdmaSession } from './rdma-session.ts';

/** How often a thread that blocks asks whether the peer is still there, milliseconds. */
const probeEveryMs = 100;

export interface RdmaSlot {
  readonly binding: number;
  readonly arena: Uint8Array;
  /** The mirror, registered. */
  readonly mirror: MemoryRegion;
  /** The lease's bytes at home. */
  readonly home: RemoteRegion;
  /** For a thread that blocks, and so can hear nothing else: the session is broken. */
  readonly onBroken: (error: Disconnected) => void;
}

export class RdmaClientPort implements ClientPort {
  readonly looksPerClock = 1;
  readonly #session: RdmaSession;
  readonly #slot: RdmaSlot;
  #statusOffset = 0;
  #armed = false;
  #callback: () => void = () => undefined;

  constructor(session: RdmaSession, slot: RdmaSlot) {
    this.#session = session;
    this.#slot = slot;
  }

  get spinMsMax(): number {
    return this.#session.engine.spinMsMax;
  }

  expectAt(statusOffset: number): void {
    this.#statusOffset = statusOffset;
  }

  /** The status byte itself stays 0 on its way: the frame brings it. Whether the server slept is not known here. */
  publish(offset: number, bytes: number, _statusOffset: number, status: number): boolean {
    const { mirror, home, binding } = this.#slot;
    this.#session.publish(mirror, offset, bytes, home, offset, frameOf(binding, status)); // Publishes: request.
    return false;
  }

  look(looks: number): boolean {
    for (let i = 0; i < looks; i++) {
      this.#session.engine.observe();
      if (this.#slot.arena[this.#statusOffset] !== 0) return true; // Observes: response.
    }
    return false;
  }

  /** A response's bytes are in the mirror; its status follows them only now. */
  arrived(status: number): void {
    this.#slot.arena[this.#statusOffset] = status;
    this.wake();
  }

  /**
   * Whoever sleeps for a response looks up: it is there, or the lease has ended. Never at once: somebody who looks,
   * callSync for one, brought this in, and must not find the slot taken by others.
   */
  wake(): void {
    if (!this.#armed) return;
    this.#session.engine.clock.nextTurn(() => {
      if (this.#armed) this.#callback();
    });
  }

  arm(): void {
    this.#armed = true;
    this.#session.engine.arm(this);
  }

  disarm(): void {
    this.#armed = false;
    this.#session.engine.disarm(this);
  }

  onRing(callback: () => void): void {
    this.#callback = callback;
  }

  keepAlive(keep: boolean): void {
    this.#session.engine.keepAlive(this, keep);
  }

  /** No network connection can be read while the thread stands still; so the peer is asked on the data path. */
  block(timeoutMs: number): void {
    this.#session.engine.block(Math.min(timeoutMs, probeEveryMs));
    this.pumpControl();
  }

  pumpControl(): void {
    this.#session.probe();
    this.#session.engine.observe();
    if (this.#session.broken !== undefined) this.#slot.onBroken(this.#session.broken);
  }
}
