// What a producing end does in a run: it gives one item or several, copied or in place, waits for room or not, waits until
// all is taken, and closes.
import { PayloadTooLarge } from '#bridge';
import type { Chance } from './chance.ts';
import { drawTooLarge, drawValue, encoded, type ItemValue } from './queue-items.ts';
import type { Giving, Item } from './queue-truth.ts';
import { type QueueUser, settled } from './queue-user.ts';

const sendsMax = 4;
const closeShare = 0.03;

export class QueueProducer {
  readonly #user: QueueUser;
  readonly #nextId: () => number;
  #giving: Giving | undefined;

  constructor(user: QueueUser, nextId: () => number) {
    this.#user = user;
    this.#nextId = nextId;
  }

  async round(): Promise<void> {
    const { chance, stage } = this.#user.actor;
    if (this.#giving?.closed) return this.#finish();
    if (chance.happens(closeShare) && this.#mayClose) return this.#close();
    if (stage.calm) return chance.happens(0.7) ? this.#sendSome(1) : this.#fill();
    switch (chance.integer(0, 8)) {
      case 0:
        return this.#push();
      case 1:
        return this.#pushMany();
      case 2:
        return this.#inPlace();
      case 3:
        return this.#sendSome(1);
      case 4:
        return this.#sendSome(chance.integer(2, sendsMax));
      case 5:
        return this.#fill();
      case 6:
        return this.#tooLarge();
      default:
        return this.#drained();
    }
  }

  /** What a home closes it ends; so not when all is calm: what is under way to memory that ends breaks the session. */
  get #mayClose(): boolean {
    return !this.#user.isAtHome || !this.#user.actor.stage.calm;
  }

  get #chance(): Chance {
    return this.#user.actor.chance;
  }

  #begin(value: ItemValue = this.#value()): Item {
    this.#giving ??= this.#user.truth.giving(this.#user.actor, this.#user.lease);
    return this.#giving.begin(value);
  }

  #value(): ItemValue {
    return drawValue(this.#chance, this.#nextId(), this.#user.queue.itemBytesMax);
  }

  /** What throws gives nothing. */
  #now<T>(what: string, items: readonly Item[], act: () => T): T {
    try {
      return this.#user.now(what, act);
    } catch (error) {
      for (const item of items) this.#user.truth.refused(item);
      throw error;
    }
  }

  #given(items: readonly Item[], count: number): void {
    const { truth } = this.#user;
    items.forEach((item, index) => {
      if (index < count) truth.given(this.#giving as Giving, item);
      else truth.refused(item);
    });
    this.#user.countMoved(count);
    if (count < items.length) this.#user.actor.mark('queue: full');
  }

  async #push(): Promise<void> {
    const item = this.#begin();
    const pushed = this.#now('push', [item], () => this.#user.queue.push(item.value));
    this.#given([item], pushed ? 1 : 0);
  }

  async #pushMany(): Promise<void> {
    const most = 2 * Math.min(this.#user.queue.capacity, 16);
    const items = Array.from({ length: this.#chance.integer(1, most) }, () => this.#begin());
    this.#given(items, this.#pushAll(items));
  }

  #pushAll(items: readonly Item[]): number {
    return this.#now('pushMany', items, () => this.#user.queue.pushMany(items.map(({ value }) => value)));
  }

  async #inPlace(): Promise<void> {
    const { queue, actor } = this.#user;
    const room = this.#user.now('reserve', () => queue.reserve());
    if (room === undefined) return;
    const item = this.#begin();
    const bytes = encoded(item.value);
    const half = bytes.length >>> 1;
    room.set(bytes.subarray(0, half));
    if (this.#chance.happens(0.3)) await actor.pause();
    if (this.#user.lease.status === 'active') room.set(bytes.subarray(half), half);
    this.#now('commit', [item], () => queue.commit(bytes.length));
    this.#given([item], 1);
  }

  async #sendSome(count: number): Promise<void> {
    const items = Array.from({ length: count }, () => this.#begin());
    await settled(items.map((item) => this.#send(item)));
  }

  async #send(item: Item): Promise<void> {
    const { queue, truth } = this.#user;
    const patience = this.#user.drawPatience();
    try {
      await this.#user.wait('send', () => queue.send(item.value, patience));
    } catch (error) {
      truth.refused(item);
      throw error;
    }
    this.#given([item], 1);
  }

  /** After room() there is some: but far away, where the way to the home may be lost again. */
  async #fill(): Promise<void> {
    const { queue, isNear, actor } = this.#user;
    const patience = this.#user.drawPatience();
    await this.#user.wait('room', () => queue.room(patience));
    const items = Array.from({ length: this.#chance.integer(1, 4) }, () => this.#begin());
    const count = this.#pushAll(items);
    if (count === 0 && isNear)
      actor.fail(`there was room in the queue of lease ${this.#user.lease.id}, and there is none`);
    this.#given(items, count);
  }

  /** Nothing is given, unless there is no room even for what fits. */
  async #tooLarge(): Promise<void> {
    const { queue, actor } = this.#user;
    const item = this.#begin();
    const values = [item.value, drawTooLarge(this.#chance, queue.itemBytesMax)];
    try {
      const count = this.#now('pushMany', [item], () => queue.pushMany(values));
      if (count > 1) actor.fail('an item that fits no slot was given');
      this.#given([item], count);
    } catch (error) {
      if (!(error instanceof PayloadTooLarge)) throw error;
      actor.mark('queue: PayloadTooLarge');
    }
  }

  async #drained(): Promise<void> {
    const patience = this.#user.drawPatience();
    await this.#user.wait('drained', () => this.#user.queue.drained(patience));
    if (this.#giving !== undefined) this.#user.truth.drained(this.#giving);
  }

  #close(): Promise<void> {
    this.#giving ??= this.#user.truth.giving(this.#user.actor, this.#user.lease);
    this.#giving.closed = true;
    this.#user.now('close', () => this.#user.queue.close());
    return this.#finish();
  }

  async #finish(): Promise<void> {
    await this.#drained();
    this.#user.done = true;
  }
}
