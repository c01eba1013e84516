// What a consuming end does in a run: it takes one item or several, copied or where they lie, at its own pace, waiting for
// them or not.
import type { Chance } from './chance.ts';
import { decoded, type ItemValue } from './queue-items.ts';
import type { Taking } from './queue-truth.ts';
import { type QueueUser, settled } from './queue-user.ts';

const receivesMax = 4;
const batchMax = 32;

export class QueueConsumer {
  readonly #user: QueueUser;
  readonly #taking: Taking;

  constructor(user: QueueUser) {
    this.#user = user;
    this.#taking = user.truth.taking(user.actor);
  }

  async round(): Promise<void> {
    const { chance, stage } = this.#user.actor;
    if (stage.calm) return chance.happens(0.5) ? this.#receive() : this.#takeAll();
    switch (chance.integer(0, 7)) {
      case 0:
        return this.#pop();
      case 1:
        await this.#popMany(chance.integer(1, batchMax));
        return;
      case 2:
      case 3:
        return this.#inPlace();
      case 4:
        return this.#receiveSome(chance.integer(2, receivesMax));
      case 5:
        return this.#takeAll();
      case 6:
        return this.#iterate(chance.integer(1, receivesMax));
      default:
        return this.#receive();
    }
  }

  get #chance(): Chance {
    return this.#user.actor.chance;
  }

  #taken(value: unknown): void {
    this.#user.truth.taken(this.#taking, value);
    this.#user.countMoved(1);
  }

  async #pop(): Promise<void> {
    const value = this.#user.now('pop', () => this.#user.queue.pop());
    if (value !== undefined) this.#taken(value);
  }

  async #popMany(countMax: number): Promise<number> {
    const values = this.#user.now('popMany', () => this.#user.queue.popMany(countMax));
    for (const value of values) this.#taken(value);
    return values.length;
  }

  /** What is lent stays as it is until it is given back. */
  async #inPlace(): Promise<void> {
    const { queue, actor, lease } = this.#user;
    const bytes = this.#user.now('peek', () => queue.peek());
    if (bytes === undefined) return;
    const before = Uint8Array.from(bytes);
    if (this.#chance.happens(0.5)) await actor.pause();
    if (lease.status === 'active' && Buffer.compare(before, bytes) !== 0)
      actor.fail(`an item of lease ${lease.id} changed while it was lent`);
    this.#user.now('release', () => queue.release());
    this.#taken(decoded(before));
  }

  async #receive(): Promise<void> {
    const patience = this.#user.drawPatience();
    this.#received(await this.#user.wait('receive', () => this.#user.queue.receive(patience)));
  }

  async #receiveSome(count: number): Promise<void> {
    await settled(Array.from({ length: count }, () => this.#receive()));
  }

  #received(value: ItemValue | undefined): void {
    if (value !== undefined) return this.#taken(value);
    this.#user.truth.sawEnd(this.#taking);
    // The next producer may go on.
    if (!this.#user.isAtHome) this.#user.done = true;
  }

  async #iterate(count: number): Promise<void> {
    const items = this.#user.queue[Symbol.asyncIterator]();
    for (let left = count; left > 0; left--) {
      const { value, done } = await this.#user.wait('iteration', () => items.next());
      this.#received(done ? undefined : value);
      if (done) return;
    }
    await items.return?.();
  }

  /** After ready() there is something: but far away, where the way to the home may be lost again. */
  async #takeAll(): Promise<void> {
    const { queue, isNear, actor, lease } = this.#user;
    const patience = this.#user.drawPatience();
    const isReady = await this.#user.wait('ready', () => queue.ready(patience));
    if (!isReady) return this.#received(undefined);
    const count = await this.#popMany(queue.capacity);
    if (count === 0 && isNear) actor.fail(`there was an item in the queue of lease ${lease.id}, and there is none`);
  }
}
