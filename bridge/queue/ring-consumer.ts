// The consuming end of a ring: the data path alone. It stores nothing but the head, for one item or many.
import { MalformedFrame } from '../errors.ts';
import type { QueueEnd } from './queue-end.ts';
import { headAt, type RingGeometry, readIndex, slotsAt, tailAt } from './queue-layout.ts';
import { distance } from './ring-producer.ts';

export class RingConsumer {
  readonly #words: Int32Array;
  readonly #end: QueueEnd;
  readonly #capacity: number;
  readonly #stride: number;
  readonly #itemBytesMax: number;
  /** As it stands in the ring. */
  #head: number;
  /** Behind the items that are taken, of which the producer may not know yet. */
  #next: number;
  /** The producer's, when it was last looked at. */
  #tail: number;
  #bytes = 0;

  /** Goes on from where the ring's indices stand. Throws MalformedFrame where they are none. */
  constructor(words: Int32Array, end: QueueEnd, geometry: RingGeometry) {
    this.#words = words;
    this.#end = end;
    this.#capacity = geometry.capacity;
    this.#stride = geometry.stride;
    this.#itemBytesMax = geometry.itemBytesMax;
    this.#head = readIndex(words, headAt, geometry.capacity);
    this.#tail = readIndex(words, tailAt, geometry.capacity);
    this.#next = this.#head;
  }

  /** The slot of the item that find() found. */
  get slot(): number {
    return this.#next;
  }

  /** How long that is, as it was when it was found. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether there is an item, in `slot`, of `bytes` bytes. Throws MalformedFrame for a tail, or a length, that cannot be: the
   * length is read once, and is what was checked.
   */
  find(): boolean {
    if (this.#next === this.#tail && !this.#reload()) return false;
    const bytes = (this.#words[(slotsAt + this.#next * this.#stride) >>> 2] as number) >>> 0;
    if (bytes > this.#itemBytesMax) {
      throw new MalformedFrame(`an item of ${bytes} bytes in slot ${this.#next}, at most ${this.#itemBytesMax} fit`);
    }
    this.#bytes = bytes;
    return true;
  }

  /** The item that find() found has been taken; its slot is the producer's once that is published. */
  take(): void {
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  /** Gives the slots of all taken items back. */
  publish(): void {
    if (this.#next === this.#head) return;
    this.#head = this.#next;
    this.#end.publishIndex(0, 0, headAt, this.#head); // Publishes: room.
  }

  /** As publish(), to a producer that is known to have come to `tail`, and to know of a head of `head` only. */
  publishAgain(head: number, tail: number): void {
    const known = distance(head, tail, this.#capacity);
    const left = distance(this.#head, tail, this.#capacity);
    if (left > known)
      throw new MalformedFrame(`head ${head} and tail ${tail} at home, where ${this.#head} was the last head here`);
    this.#end.publishIndex(0, 0, headAt, this.#head);
  }

  /** A tail only goes on. */
  #reload(): boolean {
    this.#end.observe();
    const tail = readIndex(this.#words, tailAt, this.#capacity); // Observes: items.
    if (distance(this.#head, tail, this.#capacity) < distance(this.#head, this.#next, this.#capacity)) {
      throw new MalformedFrame(`a tail that went from ${this.#tail} back to ${tail}, head ${this.#head}`);
    }
    this.#tail = tail;
    return tail !== this.#next;
  }
}
