// What an end of a queue does, and whether it can just now: it takes its part when it first does something, rests while the
// way to the home is lost, and then goes on from where it was, telling the home again what that may not have heard.
import { Contention, Disconnected, type FabricError, MalformedFrame } from '../errors.ts';
import type { ClientSlots, Lease } from '../lease/lease.ts';
import { weakly } from '../weakly.ts';
import { type QueuePlace, wordsOf } from './open-queue.ts';
import { QueueDeed } from './queue-deed.ts';
import { headAt, readGeometry, readIndex, tailAt } from './queue-layout.ts';
import { RingConsumer } from './ring-consumer.ts';
import { distance, RingProducer } from './ring-producer.ts';

export class QueueSide {
  readonly #place: QueuePlace;
  readonly #lease: Lease;
  readonly #words: Int32Array;
  readonly #deed: QueueDeed;
  #producer: RingProducer | undefined;
  /** Once this end has closed: what it gave last may still be under way. */
  #formerProducer: RingProducer | undefined;
  #consumer: RingConsumer | undefined;
  /** This end took its part while the window did not show where the ring stands. */
  #begunAway = false;
  /** Why this end can go on no more, although the lease may. */
  #failure: FabricError | undefined;
  /** Whether the way to the home is lost, or the window does not show the ring again yet: there is neither room nor an item. */
  isAway = false;
  /** Called when this end is back, or has failed. */
  onChange: (failure?: FabricError) => void = () => undefined;

  constructor(place: QueuePlace) {
    this.#place = place;
    this.#lease = place.lease;
    this.#words = wordsOf(place.lease);
    this.#deed = new QueueDeed(this.#words, place);
    place.lease.onInterrupted(weakly(this, (side) => side.#leave()));
    place.lease.onResumed(weakly(this, (side, slot: ClientSlots | undefined) => side.#return(slot)));
  }

  /** Throws the error of a lease that has ended, or of an end that cannot go on. */
  check(): void {
    this.#lease.check();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** This end produces from here on, if it may: see QueueDeed. */
  producing(): RingProducer {
    this.check();
    if (this.#producer !== undefined) return this.#producer;
    this.#deed.produce();
    this.#begunAway = this.isAway;
    this.#producer = new RingProducer(this.#words, this.#place.end, this.#place.geometry);
    return this.#producer;
  }

  /** This end consumes from here on, if it may. */
  consuming(): RingConsumer {
    this.check();
    if (this.#consumer !== undefined) return this.#consumer;
    this.#deed.consume();
    this.#begunAway = this.isAway;
    this.#consumer = new RingConsumer(this.#words, this.#place.end, this.#place.geometry);
    return this.#consumer;
  }

  /** This end produces no more. While the way is lost only it knows: that is told behind what is to be told again. */
  finish(): void {
    if (this.#formerProducer !== undefined) return;
    this.#formerProducer = this.producing();
    this.#deed.close();
    this.#producer = undefined;
  }

  /** Whether nothing is left, and nothing to come: looked at in this order, as the producer stored it the other way round. */
  get isFinished(): boolean {
    if (this.isAway) return false;
    const isAll = this.#deed.peerHasProduced && !this.consuming().find();
    this.#deed.consumed(isAll);
    return isAll;
  }

  /** Whether the consumer has taken all that this end has given and, if it has closed, has seen that this was all. */
  get isDrained(): boolean {
    if (this.isAway || this.size > 0) return false;
    return this.#formerProducer === undefined || this.#deed.peerHasConsumed;
  }

  /** From head to tail. */
  get size(): number {
    this.check();
    this.#place.end.observe();
    const { capacity } = this.#place.geometry;
    return distance(readIndex(this.#words, headAt, capacity), readIndex(this.#words, tailAt, capacity), capacity);
  }

  // ---- Interruption.

  #leave(): void {
    this.isAway = true;
    this.#deed.rest();
  }

  #return(slot: ClientSlots | undefined): void {
    slot?.port.catchUp(weakly(this, (side) => side.#goOn()));
  }

  #goOn(): void {
    if (!this.isAway || this.#lease.status !== 'active') return;
    try {
      this.#tellAgain();
    } catch (cause) {
      return this.#fail(cause as Error);
    }
    this.isAway = false;
    this.onChange();
  }

  /** What was under way when the session was lost did not get there; it still lies in this window. */
  #tellAgain(): void {
    const { capacity, stride } = this.#place.geometry;
    const found = readGeometry(this.#lease.window.arena);
    if (!this.#deed.isUndisputed) throw new Contention('somebody else has had this end meanwhile');
    if (found.capacity !== capacity || found.stride !== stride) throw new MalformedFrame('a ring of another shape');
    if (this.#begunAway) return this.#beginAgain();
    const head = readIndex(this.#words, headAt, capacity);
    const tail = readIndex(this.#words, tailAt, capacity);
    (this.#producer ?? this.#formerProducer)?.publishAgain(head, tail);
    this.#consumer?.publishAgain(head, tail);
    this.#deed.sayAgain();
  }

  /** Nothing was given or taken yet: only now it is known from where on. */
  #beginAgain(): void {
    const { end, geometry } = this.#place;
    this.#begunAway = false;
    if (this.#producer !== undefined) this.#producer = new RingProducer(this.#words, end, geometry);
    if (this.#formerProducer !== undefined) this.#formerProducer = new RingProducer(this.#words, end, geometry);
    if (this.#consumer !== undefined) this.#consumer = new RingConsumer(this.#words, end, geometry);
    this.#deed.sayAgain();
  }

  #fail(cause: Error): void {
    const message = `the queue of lease ${this.#lease.id} was out of reach, and is not what it was: ${cause.message}`;
    this.#failure = new Disconnected(message, { cause, mayHaveExecuted: true });
    this.onChange(this.#failure);
  }
}
