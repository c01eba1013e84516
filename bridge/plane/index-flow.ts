// How indices, and the bytes before them, get to a peer that does not map the memory. One publication is under way at a
// time, so that a peer which does not look is not flooded; those that come meanwhile are joined, and sent once it has seen
// what came before. So nothing grows without bound, and whoever sleeps is told of the last word.
//
// An index travels in a mailbox of the peer's, and the peer puts it where it belongs once the notice behind it is there: so
// nobody sees half of one, nor one whose bytes have not arrived. In the arena, from its end:
//
//       -16     8  to the holder: index u32, then its offset u32
//        -8     8  to the home, likewise
import { invariant } from '../invariant.ts';

export const mailboxesBytes = 16;

/** What travels where a slot's status does: above those, and below the ends of leases. */
export const notices = {
  /** An index has moved: look again. */
  moved: 16,
  /** A `moved` was noticed. */
  seen: 17,
  /** From the client: it knows nothing of the window. From the server: all that it has to know has come. */
  catchUp: 18,
} as const;

export function isNotice(status: number): boolean {
  return status >= notices.moved && status <= notices.catchUp;
}

/** Takes bytes and words to the peer's window. What is written later is there later. */
export interface IndexWire {
  /** Bytes of the own window, to the same place. They stay as they are until the peer has moved an index of its own. */
  write(offset: number, bytes: number): void;
  /** Two u32 words to the peer's mailbox at `offset`, then `moved`. */
  post(offset: number, words: readonly [number, number]): void;
  tell(notice: number): void;
}

interface Publication {
  readonly offset: number;
  bytes: number;
  readonly indexOffset: number;
  index: number;
}

export class IndexFlow {
  readonly #wire: IndexWire;
  readonly #words: Int32Array;
  /** Where the mailboxes of both ends are: the offset of the peer's, and the word of the own. */
  readonly #peerBoxAt: number;
  readonly #ownBox: number;
  readonly #waiting: (Publication | 'caught-up')[] = [];
  /** Whether the peer may not have seen what was published last: its mailbox is full. */
  #isUnderWay = false;

  /** `words` is the arena at this end. */
  constructor(wire: IndexWire, words: Int32Array, side: 'home' | 'holder') {
    const boxesAt = 4 * words.length - mailboxesBytes;
    const [toHolder, toHome] = [boxesAt, boxesAt + 8];
    invariant(boxesAt >= 0, 'an arena has room for mailboxes');
    this.#wire = wire;
    this.#words = words;
    this.#peerBoxAt = side === 'home' ? toHolder : toHome;
    this.#ownBox = (side === 'home' ? toHome : toHolder) / 4;
  }

  /** As ClientPort.publishIndex, once there is room. Publishes: index. */
  publish(offset: number, bytes: number, indexOffset: number, index: number): void {
    if (this.#joins(offset, bytes, indexOffset, index)) return;
    this.#waiting.push({ offset, bytes, indexOffset, index });
    this.#sendWaiting();
  }

  askCatchUp(): void {
    this.#wire.tell(notices.catchUp);
  }

  /** Whether a catch-up was asked for that is not sent yet. */
  get catchesUp(): boolean {
    return this.#waiting.includes('caught-up');
  }

  /** What was published before this is all that the peer has to know. */
  endCatchUp(): void {
    this.#waiting.push('caught-up');
    this.#sendWaiting();
  }

  /** The peer has told something. True if there is something new in the window. */
  hear(notice: number): boolean {
    if (notice === notices.moved) return this.#take();
    if (notice === notices.seen) this.#isUnderWay = false;
    this.#sendWaiting();
    return false;
  }

  /** Puts what is in the mailbox in its place; a place that is none is the peer's mistake, and nobody's loss. Publishes: index. */
  #take(): boolean {
    const index = this.#words[this.#ownBox] as number;
    const indexOffset = (this.#words[this.#ownBox + 1] as number) >>> 0;
    this.#wire.tell(notices.seen); // From here on the mailbox may be written to again.
    if (indexOffset % 8 !== 0 || indexOffset >>> 2 >= this.#words.length) return false;
    Atomics.store(this.#words, indexOffset >>> 2, index);
    return true;
  }

  /** Bytes that follow those of the last that waits, with the same index, become part of it. */
  #joins(offset: number, bytes: number, indexOffset: number, index: number): boolean {
    const last = this.#waiting.at(-1);
    if (last === undefined || last === 'caught-up' || last.indexOffset !== indexOffset) return false;
    if (bytes > 0 && (last.bytes === 0 || offset < last.offset + last.bytes)) return false;
    if (bytes > 0) last.bytes = offset + bytes - last.offset;
    last.index = index;
    return true;
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next !== 'caught-up' && this.#isUnderWay) return;
      this.#waiting.shift();
      if (next === 'caught-up') this.#wire.tell(notices.catchUp);
      else this.#send(next);
    }
  }

  #send({ offset, bytes, indexOffset, index }: Publication): void {
    if (bytes > 0) this.#wire.write(offset, bytes);
    this.#isUnderWay = true;
    this.#wire.post(this.#peerBoxAt, [index, indexOffset]);
  }
}

/** An arena as words: for the low halves of indices. */
export function arenaWords({ arena }: { readonly arena: Uint8Array }): Int32Array {
  return new Int32Array(arena.buffer, 0, arena.length >>> 2);
}
