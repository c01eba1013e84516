// The truth about one queue of a run: what was put in, by whom, and what came out. Checks that items come in the order in
// which they were put, each whole, none twice, and none left out, but for what is on its way between machines when a holder
// goes: the newest items of a producer may be lost, and those that a consumer took last come again to the next.
import type { Actor } from './actor.ts';
import type { Granted, HeldLease, HomeLease } from './granted.ts';
import { describeValue, type ItemValue, isValue } from './queue-items.ts';

export interface Item {
  readonly value: ItemValue;
  readonly place: Place;
  /** Given: its producer was told so; refused: that it was not, and never will be. */
  state: 'begun' | 'given' | 'refused';
}

/** An item: whose it is, of those who produced one after another, and its number with that one. */
export interface Place {
  readonly giving: number;
  readonly item: number;
}

/** What one producer puts in, in order. */
export class Giving {
  readonly actor: Actor;
  readonly lease: HomeLease | HeldLease;
  readonly index: number;
  /** What it gives is on its way for a while. */
  readonly sends: boolean;
  readonly items: Item[] = [];
  closed = false;

  constructor(actor: Actor, lease: HomeLease | HeldLease, index: number, sends: boolean) {
    this.actor = actor;
    this.lease = lease;
    this.index = index;
    this.sends = sends;
  }

  begin(value: ItemValue): Item {
    const item: Item = { value, place: { giving: this.index, item: this.items.length }, state: 'begun' };
    this.items.push(item);
    return item;
  }
}

/** How far one consumer has come. */
export interface Taking {
  readonly actor: Actor;
  /** That it has taken an item is on its way for a while. */
  readonly sends: boolean;
  /** Among those who came to this end, one after another. */
  readonly index: number;
  /** Behind the last item that it took. */
  next: Place | undefined;
}

const beginning: Place = { giving: 0, item: 0 };

export class QueueTruth {
  readonly granted: Granted;
  readonly capacity: number;
  readonly homeProduces: boolean;
  readonly #givings: Giving[] = [];
  /** Behind what was taken by whoever has the consuming end, or had it last. */
  #reached: Place = beginning;
  /** Nothing before this comes again. */
  #settled: Place = beginning;
  #current: Taking | undefined;
  #takings = 0;
  #endSeen = false;

  constructor(granted: Granted, capacity: number, homeProduces: boolean) {
    this.granted = granted;
    this.capacity = capacity;
    this.homeProduces = homeProduces;
  }

  giving(actor: Actor, lease: HomeLease | HeldLease): Giving {
    const giving = new Giving(actor, lease, this.#givings.length, this.#isFar(actor));
    this.#givings.push(giving);
    return giving;
  }

  taking(actor: Actor): Taking {
    this.#takings += 1;
    return { actor, sends: this.#isFar(actor), index: this.#takings, next: undefined };
  }

  /** Once it was put in there were no more than fit. */
  given(giving: Giving, item: Item): void {
    item.state = 'given';
    giving.actor.record('gives', this.granted.lease.id, item.place.giving, item.place.item);
    giving.actor.stage.world.clock.whenUnblocked(() => {
      const waiting = this.#left(giving, item.place.item + 1);
      if (waiting < this.capacity) return;
      giving.actor.fail(`${this.#name} has ${waiting} items, and ${this.capacity} slots`);
    });
  }

  refused(item: Item): void {
    item.state = 'refused';
  }

  /** An item came out. */
  taken(taking: Taking, value: unknown): void {
    const { actor } = taking;
    const place = this.#next(taking, value);
    if (place === undefined) return actor.fail(`${this.#name} gave ${describeValue(value)}, ${this.#expected(taking)}`);
    actor.record('takes', this.granted.lease.id, place.giving, place.item);
    const next = { giving: place.giving, item: place.item + 1 };
    taking.next = next;
    // Of one who lost its end, and does not know, nothing reaches the home any more.
    if (this.#isFormer(taking)) return;
    this.#current = taking;
    this.#reached = next;
    if (!taking.sends) this.#settled = next;
  }

  /** A consumer was told that this was all. */
  sawEnd({ actor, next = this.#reached }: Taking): void {
    this.#endSeen = true;
    actor.mark('queue: its end was seen');
    const isAll = this.#givings.some(
      (giving) => giving.index >= next.giving && giving.closed && this.#itemsFrom(giving, next).length === 0,
    );
    if (!isAll) actor.fail(`${this.#name} was said to be at its end, and is not`);
  }

  /** A producer was told that all was taken and, if it has closed, that its consumer knows the end. */
  drained(giving: Giving): void {
    const { closed, actor, index, items } = giving;
    const { length } = items;
    actor.stage.world.clock.whenUnblocked(() => {
      const left = this.#left(giving, length);
      if (left > 0) actor.fail(`${this.#name} was said to be drained, and ${left} items were not taken`);
      if (closed && !this.#endSeen) actor.fail(`${this.#name} was said to be drained, and nobody has seen its end`);
      if (isBefore(this.#settled, { giving: index, item: length })) this.#settled = { giving: index, item: length };
    });
  }

  get #name(): string {
    return `the queue of lease ${this.granted.lease.id}`;
  }

  /** Where this is, if it may come next. */
  #next(taking: Taking, value: unknown): Place | undefined {
    if (taking.next !== undefined) return this.#search(taking.next, value);
    if (this.#isFormer(taking)) return this.#kept(beginning).find((item) => isValue(item.value, value))?.place;
    const next = this.#search(this.#reached, value);
    if (next !== undefined) return next;
    const again = this.#again(value);
    if (again !== undefined) taking.actor.mark('queue: items came again to a successor');
    return again;
  }

  /** The first item that cannot be left out has to be this. */
  #search(from: Place, value: unknown): Place | undefined {
    const begun: Item[] = [];
    for (const giving of this.#givings.slice(from.giving)) {
      for (const item of this.#itemsFrom(giving, from)) {
        if (isValue(item.value, value)) {
          this.#expectRefused(giving, begun);
          return item.place;
        }
        if (this.#mayBeLost(giving, item)) {
          if (item.state === 'given') giving.actor.mark('queue: items were lost with their holder');
        } else if (item.state === 'begun') begun.push(item);
        else return undefined;
      }
    }
    return undefined;
  }

  /** Of what a producer gave up as it put in the next, it hears once its turn is over. */
  #expectRefused({ actor }: Giving, begun: readonly Item[]): void {
    if (begun.length === 0) return;
    actor.stage.world.clock.whenUnblocked(() => {
      const left = begun.find(({ state }) => state !== 'refused');
      if (left !== undefined) actor.fail(`${this.#name} left out ${describeValue(left.value)}`);
    });
  }

  /**
   * Among what was taken before, and stood in the ring until just now: as items come out, more are put in, which may be known first.
   * The newest, where numbers come again.
   */
  #again(value: unknown): Place | undefined {
    const given = this.#kept(this.#settled).filter(({ state }) => state === 'given');
    const standing = given.slice(-2 * (this.capacity + 1)).filter(({ place }) => isBefore(place, this.#reached));
    return standing.findLast((item) => isValue(item.value, value))?.place;
  }

  #kept(from: Place): Item[] {
    return this.#givings.flatMap((giving) => this.#itemsFrom(giving, from));
  }

  #isFormer({ index }: Taking): boolean {
    return index < (this.#current?.index ?? 0);
  }

  /** With one who sends, and others came after; or who died, or lost its lease, as it gave it. */
  #mayBeLost({ actor, lease, sends, index }: Giving, { state }: Item): boolean {
    const isFormer = index + 1 < this.#givings.length;
    const isGone = actor.process.dead || lease.status !== 'active';
    return isFormer && (sends || (state === 'begun' && isGone));
  }

  #itemsFrom({ items, index }: Giving, { giving, item }: Place): Item[] {
    if (index < giving) return [];
    return items.slice(index === giving ? item : 0).filter(({ state }) => state !== 'refused');
  }

  /** Of the first so many items, those that are not taken. */
  #left(giving: Giving, count: number): number {
    return this.#itemsFrom(giving, this.#reached).filter(({ place }) => place.item < count).length;
  }

  #expected({ next = this.#reached }: Taking): string {
    const [first] = this.#kept(next);
    return first === undefined ? 'and nothing was put in' : `where ${describeValue(first.value)} comes next`;
  }

  #isFar({ node }: Actor): boolean {
    return node.machine !== this.granted.node.machine;
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.giving < b.giving || (a.giving === b.giving && a.item < b.item);
}
