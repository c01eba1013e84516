// What the two ends of a queue do, as each says in its word behind the ring: so that there are not two producers, nor two
// consumers, and so that a producer can say that it has produced its last item.
import { Contention, MalformedFrame, Unsupported } from '../errors.ts';
import type { QueuePlace } from './open-queue.ts';
import type { QueueEnd } from './queue-end.ts';
import { deedMask, deeds, sessionShift } from './queue-layout.ts';

export class QueueDeed {
  readonly #words: Int32Array;
  readonly #end: QueueEnd;
  readonly #ownAt: number;
  readonly #peerAt: number;
  readonly #session: number;
  /** What this end's word has been since it is this object's. */
  readonly #said = new Set<number>();
  #own: number = deeds.nothing;
  #rests = false;

  constructor(words: Int32Array, { end, ownDeedAt, peerDeedAt, session }: QueuePlace) {
    this.#words = words;
    this.#end = end;
    this.#ownAt = ownDeedAt;
    this.#peerAt = peerDeedAt;
    this.#session = session ?? 0;
    this.#said.add(this.#word);
  }

  /** Whether nobody else has done anything at this end since it is this object's. */
  get isUndisputed(): boolean {
    return this.#said.has(this.#word);
  }

  /** This end produces from here on. Throws Contention if it consumes, or the other end produces; Unsupported if it has closed. */
  produce(): void {
    if (this.#own === deeds.hasProduced)
      throw new Unsupported('this end of the queue is closed: it has produced its last');
    this.#begin(deeds.produces, deeds.hasProduced, 'produces');
  }

  /** This end consumes from here on. Throws Contention if it produces, or the other end consumes. */
  consume(): void {
    this.#begin(deeds.consumes, deeds.hasConsumed, 'consumes');
  }

  /** This end has produced its last item. */
  close(): void {
    if (this.#own !== deeds.hasProduced) this.#say(deeds.hasProduced);
  }

  /** Whether this end, which consumes, has consumed all that there will be; where it has, the producer is told. */
  consumed(isAll: boolean): void {
    const deed = isAll ? deeds.hasConsumed : deeds.consumes;
    if (this.#own !== deed) this.#say(deed);
  }

  /** What this end does is said no more, until sayAgain(): there is something else to be told before. */
  rest(): void {
    this.#rests = true;
  }

  /** Says again what this end does, to a peer that may not know. */
  sayAgain(): void {
    this.#rests = false;
    if (this.#own !== deeds.nothing) this.#say(this.#own);
  }

  /** Whether the other end has produced its last item. What it has produced is to be looked at after this. */
  get peerHasProduced(): boolean {
    return this.#peer() === deeds.hasProduced;
  }

  /** Whether the other end has consumed all, and seen that it was all. */
  get peerHasConsumed(): boolean {
    return this.#peer() === deeds.hasConsumed;
  }

  #begin(deed: number, last: number, word: string): void {
    if (this.#own === deed || this.#own === last) return;
    if (this.#own !== deeds.nothing)
      throw new Contention(`this end of the queue never ${word}: it does the other thing`);
    const before = this.#word;
    this.#say(deed);
    const peer = this.#peer();
    if (peer !== deed && peer !== last) return;
    this.#own = deeds.nothing;
    if (!this.#rests) this.#end.publishIndex(0, 0, this.#ownAt, before >>> 0); // As a predecessor left it: it may have closed.
    throw new Contention(`the other end of the queue ${word} already, and only one can`);
  }

  #say(deed: number): void {
    const word = deed | (this.#session << sessionShift);
    this.#own = deed;
    if (this.#rests) return;
    this.#said.add(word);
    this.#end.publishIndex(0, 0, this.#ownAt, word);
  }

  get #word(): number {
    return Atomics.load(this.#words, this.#ownAt >>> 2);
  }

  #peer(): number {
    this.#end.observe();
    const deed = Atomics.load(this.#words, this.#peerAt >>> 2) & deedMask;
    if (deed >= deeds.nothing && deed <= deeds.hasConsumed) return deed;
    throw new MalformedFrame(`the other end of the queue says that it does ${deed}, which is nothing known`);
  }
}
