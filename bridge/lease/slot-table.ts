// Which of a lease's slots are whose, at its home. A client's slots lie side by side; its number among the clients is the
// lowest that is free, so that the numbers in use stay small.
import { invariant } from '../invariant.ts';
import type { SlotRange } from '../plane/slot-board.ts';

export class SlotTable {
  readonly slotCount: number;
  /** 1 where a slot is taken. */
  readonly #taken: Uint8Array;
  /** Sessions by client; undefined where a number is free. */
  readonly #sessions: (number | undefined)[] = [];
  #free: number;

  constructor(slotCount: number) {
    this.slotCount = slotCount;
    this.#taken = new Uint8Array(slotCount);
    this.#free = slotCount;
  }

  get free(): number {
    return this.#free;
  }

  /** The session of a client. */
  sessionOf(client: number): number | undefined {
    return this.#sessions[client];
  }

  /** Takes `count` slots that lie side by side; undefined if there are none such. */
  assign(count: number, session: number): SlotRange | undefined {
    const first = count <= this.#free ? this.#gap(count) : -1;
    if (first < 0) return undefined;
    const unused = this.#sessions.indexOf(undefined);
    const client = unused < 0 ? this.#sessions.length : unused;
    this.#sessions[client] = session;
    this.#taken.fill(1, first, first + count);
    this.#free -= count;
    return { client, first, count };
  }

  release({ client, first, count }: SlotRange): void {
    invariant(this.#sessions[client] !== undefined, 'slots that are freed were taken');
    this.#sessions[client] = undefined;
    this.#taken.fill(0, first, first + count);
    this.#free += count;
  }

  /**
   * Where `count` free slots begin; -1 if nowhere. A power of two at a multiple of itself if there is such a place: so clients
   * of common sizes leave no gaps that are too small for the next.
   */
  #gap(count: number): number {
    const step = (count & (count - 1)) === 0 ? count : 1;
    let unaligned = -1;
    for (let first = this.#taken.indexOf(0); first >= 0 && first + count <= this.slotCount; ) {
      const end = this.#endOfGap(first);
      const aligned = Math.ceil(first / step) * step;
      if (end - aligned >= count) return aligned;
      if (unaligned < 0 && end - first >= count) unaligned = first;
      first = this.#taken.indexOf(0, end);
    }
    return unaligned;
  }

  #endOfGap(first: number): number {
    const end = this.#taken.indexOf(1, first);
    return end < 0 ? this.slotCount : end;
  }
}
