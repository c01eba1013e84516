// The producing end of a ring: the data path alone. Its stores, in order: the item's bytes, its length, and, for one item
// or many, the tail. Whatever it is that is never stored after one of them, a successor finds a ring that is whole.
import { MalformedFrame } from '../errors.ts';
import type { QueueEnd } from './queue-end.ts';
import { headAt, lengthBytes, type RingGeometry, readIndex, slotsAt, tailAt } from './queue-layout.ts';

export class RingProducer {
  readonly #words: Int32Array;
  readonly #end: QueueEnd;
  readonly #capacity: number;
  readonly #stride: number;
  readonly #slotsEnd: number;
  /** As it stands in the ring. */
  #tail: number;
  /** Behind the items that are sealed and not published. */
  #next: number;
  /** The consumer's, when it was last looked at. */
  #head: number;
  /** Where the last sealed item ends. */
  #sealedEnd = 0;

  /** Goes on from where the ring's indices stand. Throws MalformedFrame where they are none. */
  constructor(words: Int32Array, end: QueueEnd, geometry: RingGeometry) {
    this.#words = words;
    this.#end = end;
    this.#capacity = geometry.capacity;
    this.#stride = geometry.stride;
    this.#slotsEnd = geometry.slotsEnd;
    this.#tail = readIndex(words, tailAt, geometry.capacity);
    this.#head = readIndex(words, headAt, geometry.capacity);
    this.#next = this.#tail;
  }

  /** The slot that place() found. */
  get slot(): number {
    return this.#next;
  }

  /** Whether there is room for an item, whose slot is `slot`. Throws MalformedFrame for a head that cannot be. */
  place(): boolean {
    const after = this.#next + 1;
    const next = after === this.#capacity ? 0 : after;
    if (next !== this.#head) return true;
    this.#reload();
    return next !== this.#head;
  }

  /** The bytes in the slot that place() found are an item, so long. It is the consumer's once it is published. */
  seal(bytes: number): void {
    const offset = slotsAt + this.#next * this.#stride;
    this.#words[offset >>> 2] = bytes;
    this.#sealedEnd = offset + lengthBytes + bytes;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  /** Gives up what is sealed and not published. */
  unseal(): void {
    this.#next = this.#tail;
  }

  /** Gives all sealed items to the consumer; none, if there are none. */
  publish(): void {
    this.#publishFrom(this.#tail);
  }

  /** As publish(), to a consumer that is known to have come to `head`, and to know the items up to `tail` only. */
  publishAgain(head: number, tail: number): void {
    const known = distance(head, tail, this.#capacity);
    const given = distance(head, this.#tail, this.#capacity);
    if (known > given)
      throw new MalformedFrame(`head ${head} and tail ${tail} at home, where ${this.#tail} was the last tail here`);
    if (known === given) return;
    this.#next = this.#tail;
    this.#sealedEnd = slotsAt + (this.#tail === 0 ? this.#capacity : this.#tail) * this.#stride;
    this.#publishFrom(tail);
  }

  #publishFrom(first: number): void {
    const next = this.#next;
    if (next === first) return;
    let offset = slotsAt + first * this.#stride;
    if (next < first && next !== 0) {
      // Around the end: two ranges, and after the first of them the ring is whole, too.
      this.#end.publishIndex(offset, this.#slotsEnd - offset, tailAt, 0);
      offset = slotsAt;
    }
    this.#end.publishIndex(offset, this.#sealedEnd - offset, tailAt, next); // Publishes: items.
    this.#tail = next;
  }

  /** A head only goes on, and never past the tail. */
  #reload(): void {
    this.#end.observe();
    const head = readIndex(this.#words, headAt, this.#capacity); // Observes: room.
    const went = distance(this.#head, head, this.#capacity);
    const mayGo = distance(this.#head, this.#tail, this.#capacity);
    if (went > mayGo) throw new MalformedFrame(`a head that went from ${this.#head} to ${head}, tail ${this.#tail}`);
    this.#head = head;
  }
}

/** From one index on to another. */
export function distance(from: number, to: number, capacity: number): number {
  return to >= from ? to - from : to - from + capacity;
}
