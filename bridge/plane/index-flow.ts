// How indices, and the bytes before them, get to a peer that does not map the memory. Few publications are under way at a
// time, so that a peer which does not look is not flooded; those that come meanwhile are joined, and sent once it has seen
// what came before. So nothing grows without bound, and whoever sleeps is told of the last word.

/** What travels where a slot's status does: above those, and below the ends of leases. */
export const notices = {
  /** An index has moved: look again. */
  moved: 5,
  /** A `moved` was noticed. */
  seen: 6,
  /** From the client: it knows nothing of the window. From the server: all that it has to know has come. */
  catchUp: 7,
} as const;

export function isNotice(status: number): boolean {
  return status >= notices.moved && status <= notices.catchUp;
}

/** Takes bytes and words to the peer's window. What is written later is there later. */
export interface IndexWire {
  /** Bytes of the own window, to the same place. They stay as they are until the peer has moved an index of its own. */
  write(offset: number, bytes: number): void;
  /** A u64 word, then `moved`. */
  writeIndex(indexOffset: number, index: number): void;
  tell(notice: number): void;
}

interface Publication {
  readonly offset: number;
  bytes: number;
  readonly indexOffset: number;
  index: number;
}

/** Publications that the peer may not have seen yet. */
const underWayMax = 4;

export class IndexFlow {
  readonly #wire: IndexWire;
  readonly #waiting: (Publication | 'caught-up')[] = [];
  #underWay = 0;

  constructor(wire: IndexWire) {
    this.#wire = wire;
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
    if (notice === notices.moved) this.#wire.tell(notices.seen);
    else if (notice === notices.seen && this.#underWay > 0) this.#underWay -= 1;
    this.#sendWaiting();
    return notice === notices.moved;
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
      if (next !== 'caught-up' && this.#underWay >= underWayMax) return;
      this.#waiting.shift();
      if (next === 'caught-up') this.#wire.tell(notices.catchUp);
      else this.#send(next);
    }
  }

  #send({ offset, bytes, indexOffset, index }: Publication): void {
    if (bytes > 0) this.#wire.write(offset, bytes);
    this.#underWay += 1;
    this.#wire.writeIndex(indexOffset, index);
  }
}
