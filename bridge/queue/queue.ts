// One end of a queue: a ring in a lease, with one producer and one consumer. Which of them an end is, it says by what it
// does first. What waits is queue-wait.ts's business; the data path is that of ring-producer.ts and ring-consumer.ts.
import { PayloadTooLarge } from '../errors.ts';
import type { Lease } from '../lease/lease.ts';
import { checkWaitMode } from '../rpc/client-options.ts';
import type { WaitMode } from '../rpc/spin-budget.ts';
import { encodeItem, ItemDecoder } from './item-codec.ts';
import type { QueuePlace } from './open-queue.ts';
import { lengthBytes, type RingGeometry, slotsAt } from './queue-layout.ts';
import { QueueSide } from './queue-side.ts';
import { QueueWait } from './queue-wait.ts';
import type { RingConsumer } from './ring-consumer.ts';
import type { RingProducer } from './ring-producer.ts';
import { SlotViews } from './slot-views.ts';
import type { WaitOptions } from './wait-limits.ts';

export interface QueueOptions {
  /** How this end waits for room, or for items. Defaults to `adaptive`. */
  readonly wait?: WaitMode;
}

export class Queue<T = unknown> implements AsyncIterable<T> {
  readonly lease: Lease;
  readonly #geometry: RingGeometry;
  readonly #arena: Uint8Array;
  readonly #side: QueueSide;
  readonly #wait: QueueWait;
  readonly #views: SlotViews;
  readonly #decoder = new ItemDecoder();
  #reserved = false;
  #peeked = false;

  /** Throws the lease's error, should that have ended since the place was found. */
  constructor(place: QueuePlace, options: QueueOptions = {}) {
    const { lease, geometry } = place;
    const mode = checkWaitMode(options.wait);
    lease.check();
    this.lease = lease;
    this.#geometry = geometry;
    this.#arena = lease.window.arena;
    this.#side = new QueueSide(place);
    this.#wait = new QueueWait(place, mode);
    this.#views = new SlotViews(this.#arena, geometry.capacity);
    const wait = this.#wait;
    this.#side.onChange = (failure) => (failure === undefined ? wait.look() : wait.fail(failure));
  }

  /** Slots, of which one is always free. */
  get capacity(): number {
    return this.#geometry.capacity;
  }

  /** The longest item, encoded: the stride less 4. */
  get itemBytesMax(): number {
    return this.#geometry.itemBytesMax;
  }

  /** Items that the producer has given and the consumer has not taken, as far as this end knows. */
  get size(): number {
    return this.#side.size;
  }

  // ---- The producer's.

  /**
   * Gives the consumer a value, in msgpack; false, and nothing was written, if there is no room. Throws PayloadTooLarge for what does
   * not fit a slot, TypeError for undefined, Contention if this end, or the other, cannot let it produce, the lease's error
   * once that has ended, and MalformedFrame if the consumer wrote nonsense.
   */
  push(value: T): boolean {
    const producer = this.#side.producing();
    // First: what a look for room brings may have a message encoded, over a value that was encoded before.
    const hasRoom = this.#hasRoom(producer);
    return this.#give(producer, hasRoom, encodeItem(value));
  }

  /** Gives as many of the values as there is room for, all at once, and returns how many. If it throws, none was given. */
  pushMany(values: readonly T[]): number {
    const producer = this.#side.producing();
    if (this.#side.isAway) return 0;
    let pushed = 0;
    try {
      while (pushed < values.length && producer.place()) {
        this.#write(producer, encodeItem(values[pushed]));
        pushed += 1;
      }
    } catch (error) {
      producer.unseal();
      throw error;
    }
    producer.publish();
    return pushed;
  }

  /**
   * Lends the next slot's bytes, `itemBytesMax` of them, to build an item where it lies; undefined if there is no room. They are the
   * consumer's from commit() on, and are not cleared: what was there before is still there.
   */
  reserve(): Uint8Array | undefined {
    const producer = this.#side.producing();
    if (!this.#hasRoom(producer)) return undefined;
    this.#reserved = true;
    return this.#views.at(producer.slot, this.#payloadAt(producer.slot), this.#geometry.itemBytesMax);
  }

  /** Gives the consumer the first `bytes` bytes of what reserve() lent. Throws as push() does, and RangeError without reserve(). */
  commit(bytes: number): void {
    const producer = this.#side.producing();
    if (!this.#reserved) throw new RangeError('commit() without reserve()');
    this.#checkSize(bytes);
    if (this.#side.isAway) throw this.lease.interruptedError(false);
    this.#reserved = false;
    producer.seal(bytes);
    producer.publish();
  }

  /** As push(), once there is room, behind whoever waits already. */
  send(value: T, options: WaitOptions = {}): Promise<void> {
    try {
      const bytes = Uint8Array.from(encodeItem(value));
      this.#checkSize(bytes.length);
      this.#side.producing();
      return this.#wait.until(() => {
        const producer = this.#side.producing();
        return this.#give(producer, this.#hasRoom(producer), bytes);
      }, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves once reserve() or push() finds room. */
  async room(options: WaitOptions = {}): Promise<void> {
    this.#side.producing();
    await this.#wait.until(() => this.#hasRoom(this.#side.producing()), options);
  }

  /**
   * Resolves once the consumer has taken all that was given and, after close(), has seen that it was all: then this end may
   * go, and its lease with it.
   */
  async drained(options: WaitOptions = {}): Promise<void> {
    if (!this.#side.isDrained) await this.#wait.until(() => this.#side.isDrained, options);
  }

  /** The last item has been given: the consumer's iteration ends with it. Where this end has not produced, there is none. */
  close(): void {
    this.#side.finish();
  }

  // ---- The consumer's.

  /** The next value, or undefined if there is none. Throws MalformedFrame for an item that is none, and otherwise as push(). */
  pop(): T | undefined {
    const bytes = this.peek();
    if (bytes === undefined) return undefined;
    const value = this.#decoder.decode(bytes) as T;
    this.release();
    return value;
  }

  /** Up to `countMax` values, whose slots are given back all at once. Throws as pop(), where the very next item is none. */
  popMany(countMax: number): T[] {
    const consumer = this.#side.consuming();
    const values: T[] = [];
    if (this.#side.isAway) return values;
    try {
      while (values.length < countMax && consumer.find()) {
        values.push(this.#decoder.decode(this.#itemOf(consumer)) as T);
        consumer.take();
      }
    } catch (error) {
      if (values.length === 0) throw error; // Else it is met again, once these are taken.
    }
    consumer.publish();
    return values;
  }

  /**
   * Lends the next item's bytes where they lie; undefined if there is none. They are the producer's again from release() on, and a
   * hostile one may write to them before.
   */
  peek(): Uint8Array | undefined {
    const consumer = this.#side.consuming();
    if (this.#side.isAway || !consumer.find()) return undefined;
    this.#peeked = true;
    return this.#itemOf(consumer);
  }

  /** Takes the item that peek() lent. Throws RangeError without peek(). */
  release(): void {
    const consumer = this.#side.consuming();
    if (!this.#peeked) throw new RangeError('release() without peek()');
    if (this.#side.isAway) throw this.lease.interruptedError(false);
    this.#peeked = false;
    consumer.take();
    consumer.publish();
  }

  /** The next value once there is one, behind whoever waits already; undefined once the producer has closed and all is taken. */
  async receive(options: WaitOptions = {}): Promise<T | undefined> {
    let value: T | undefined;
    this.#side.consuming();
    await this.#wait.until(() => {
      value = this.pop();
      return value !== undefined || this.#side.isFinished;
    }, options);
    return value;
  }

  /** Resolves to true once peek() or pop() finds an item, and to false once the producer has closed and all is taken. */
  async ready(options: WaitOptions = {}): Promise<boolean> {
    let isReady = false;
    this.#side.consuming();
    await this.#wait.until(() => {
      isReady = !this.#side.isAway && this.#side.consuming().find();
      return isReady || this.#side.isFinished;
    }, options);
    return isReady;
  }

  /** Every value, until the producer has closed. An item counts as taken when its value is given to the loop. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const value = await this.receive();
      if (value === undefined) return;
      yield value;
    }
  }

  // ---- What both have.

  #hasRoom(producer: RingProducer): boolean {
    return !this.#side.isAway && producer.place();
  }

  #give(producer: RingProducer, hasRoom: boolean, bytes: Uint8Array): boolean {
    this.#checkSize(bytes.length);
    if (!hasRoom) return false;
    this.#write(producer, bytes);
    producer.publish();
    return true;
  }

  #write(producer: RingProducer, bytes: Uint8Array): void {
    this.#checkSize(bytes.length);
    this.#arena.set(bytes, this.#payloadAt(producer.slot));
    producer.seal(bytes.length);
  }

  #itemOf(consumer: RingConsumer): Uint8Array {
    return this.#views.at(consumer.slot, this.#payloadAt(consumer.slot), consumer.bytes);
  }

  #payloadAt(slot: number): number {
    return slotsAt + slot * this.#geometry.stride + lengthBytes;
  }

  #checkSize(bytes: number): void {
    const { itemBytesMax } = this.#geometry;
    if (!Number.isInteger(bytes) || bytes < 0) throw new RangeError(`an item has 0 bytes or more, not ${bytes}`);
    if (bytes > itemBytesMax)
      throw new PayloadTooLarge(`an item of ${bytes} bytes, at most ${itemBytesMax} fit a slot`);
  }
}
