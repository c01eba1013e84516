// One end of a queue as the ring sees it: how an index is published, how what the peer has published is brought in, and
// how this end sleeps. The home's end is the lease's server port, the other the client port of its one slot.
import type { ClientPort, ServerPort, Sleeper } from '../plane/plane.ts';

export interface QueueEnd {
  readonly sleeper: Sleeper;
  /** So many looks take about as long as ten reads of the clock. */
  readonly looksPerClock: number;
  /** Brings in what the peer has published. */
  observe(): void;
  /** As ClientPort.publishIndex, towards the other end. */
  publishIndex(offset: number, bytes: number, indexOffset: number, index: number): void;
}

/** A queue has one slot, for whoever holds the lease. */
export const queueSlot = 0;

export class HomeEnd implements QueueEnd {
  readonly sleeper: ServerPort;
  readonly looksPerClock: number;

  constructor(port: ServerPort) {
    this.sleeper = port;
    this.looksPerClock = port.observesPerClock;
  }

  observe(): void {
    this.sleeper.observe();
  }

  publishIndex(offset: number, bytes: number, indexOffset: number, index: number): void {
    this.sleeper.publishIndex(queueSlot, offset, bytes, indexOffset, index);
  }
}

export class HolderEnd implements QueueEnd {
  readonly sleeper: ClientPort;
  readonly looksPerClock: number;

  constructor(port: ClientPort) {
    this.sleeper = port;
    this.looksPerClock = port.looksPerClock;
  }

  observe(): void {
    this.sleeper.observe();
  }

  publishIndex(offset: number, bytes: number, indexOffset: number, index: number): void {
    this.sleeper.publishIndex(offset, bytes, indexOffset, index);
  }
}
