// Homes that offer queues, and holders that come to their other ends, one after another. Whether home or holder produces is
// the queue's; who comes and goes is the run's. Checks what queue-truth.ts knows of, and that, once nothing goes wrong, what
// is put in comes out, and whoever waits goes on.
import { attachQueue, CapacityExceeded, createQueue, defaultRenewalPolicy, Queue, type QueuePlace } from '#bridge';
import type { Actor } from './actor.ts';
import type { Chance } from './chance.ts';
import type { HeldLease, HomeLease } from './granted.ts';
import { QueueConsumer } from './queue-consumers.ts';
import type { ItemValue } from './queue-items.ts';
import { QueueProducer } from './queue-producers.ts';
import { QueueTruth } from './queue-truth.ts';
import { calmDeadlineMs, QueueUser } from './queue-user.ts';
import { tend } from './rpc-servers.ts';
import type { Stage } from './stage.ts';
import type { Workload } from './workload.ts';

const capacities = [2, 2, 3, 4, 8, 17] as const;
const strides = [8, 12, 64, 256, 1020] as const;
/** What a queue takes beside its slots, at most. */
const overheadBytes = 72;
/** Longer than a wait may take. */
const patienceMs: number = calmDeadlineMs + 2000;
const calmLeaseMs = 600_000;
const takenShare = 0.15;
const lostShare = 0.2;
const interruptionsMax = 20;

/** A queue that has its home. */
interface Offer {
  readonly truth: QueueTruth;
  readonly home: QueueUser;
  holder: QueueUser | undefined;
  /** Who is on the way to it. */
  comer: Actor | undefined;
}

/** One of the ways in which a holder process uses queues, one after another. */
interface Seat {
  readonly actor: Actor;
  moved: number;
  failed: string | undefined;
}

export class QueueWorkload implements Workload {
  readonly #stage: Stage;
  readonly #offers: Offer[] = [];
  readonly #seats: Seat[] = [];
  #items = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  start(actor: Actor): void {
    const { serversPerHome, clientsPerHolder } = this.#stage.shape;
    if (actor.node.role === 'home') {
      for (let i = 0; i < serversPerHome; i++) actor.spawn(() => this.#keepOffering(actor));
      return;
    }
    for (let i = 0; i < clientsPerHolder; i++) {
      const seat: Seat = { actor, moved: 0, failed: undefined };
      this.#seats.push(seat);
      actor.spawn(() => this.#keepHolding(seat));
    }
  }

  /** There are queues for each seat, so each has found one by now, and items go through. */
  async checkCalm(): Promise<void> {
    for (const offer of this.#offers) this.#checkWaits(offer);
    for (const { actor, moved, failed } of this.#seats) {
      if (actor.process.dead) continue;
      if (failed !== undefined) actor.fail(`nothing goes wrong, and yet ${failed}`);
      else if (moved === 0) actor.fail('nothing goes wrong, and yet no item goes through');
    }
  }

  #checkWaits({ home, holder }: Offer): void {
    if (holder === undefined) return;
    const sinceMs = this.#stage.world.clock.timeMs - patienceMs;
    const ends = [home, holder];
    if (ends.some(({ actor, lease, done }) => actor.process.dead || lease.status !== 'active' || done)) return;
    if (ends.some((user) => user.sinceMs > sinceMs)) return;
    for (const user of ends) {
      const what = user.waitsSince(sinceMs);
      if (what !== undefined) user.actor.fail(`${what} at the queue of lease ${user.lease.id} never ends`);
    }
  }

  // ---- Homes.

  async #keepOffering(actor: Actor): Promise<void> {
    while (actor.stage.phase !== 'end') {
      const offer = this.#offer(actor);
      if (offer !== undefined) await this.#useHome(offer);
      await actor.pause();
    }
  }

  #offer(actor: Actor): Offer | undefined {
    const { stage, chance, process } = actor;
    const shape = { capacity: chance.pick(capacities), stride: chance.pick(strides) };
    const minBytes = shape.capacity * shape.stride + overheadBytes;
    try {
      const lease = process.agent.acquire({ minBytes, leaseMs: stage.leaseMs(chance), hugePages: false });
      const granted = stage.grant(actor, lease);
      const truth = new QueueTruth(granted, shape.capacity, chance.happens(0.5));
      const home = this.#user(actor, truth, lease, createQueue(lease, shape));
      const offer: Offer = { truth, home, holder: undefined, comer: undefined };
      this.#offers.push(offer);
      return offer;
    } catch (error) {
      if (!(error instanceof CapacityExceeded)) throw error;
      actor.errorOf('acquire', error);
      return undefined;
    }
  }

  /** Until its lease is over, or it has closed, and all is taken. */
  async #useHome({ home, truth }: Offer): Promise<void> {
    const { actor, lease } = home;
    actor.spawn(() => tend(actor, truth.granted));
    const over = new Promise<void>((resolve) => lease.onEnd(() => resolve()));
    await Promise.race([this.#use(home, truth.homeProduces, Number.POSITIVE_INFINITY), over]);
    if (lease.status === 'active' && !actor.stage.calm) await lease.release();
  }

  // ---- Holders.

  async #keepHolding(seat: Seat): Promise<void> {
    const { actor } = seat;
    while (actor.stage.phase !== 'end') {
      const offer = this.#free(actor);
      if (offer !== undefined) await this.#holdOne(seat, offer);
      await actor.pause();
    }
  }

  /** One that nobody has; sometimes one that somebody has, which its home must refuse. */
  #free({ chance, stage }: Actor): Offer | undefined {
    const mayBeTaken = !stage.calm && chance.happens(takenShare);
    const mayBeLost = !stage.calm && chance.happens(lostShare);
    const isFree = (offer: Offer) => mayBeTaken || !isTaken(offer) || (mayBeLost && isLost(offer));
    const free = this.#offers.filter((offer) => isOpen(offer) && isFree(offer));
    return free.length === 0 ? undefined : chance.pick(free);
  }

  async #holdOne(seat: Seat, offer: Offer): Promise<void> {
    const { actor } = seat;
    offer.comer = actor;
    const held = await this.#attach(actor, offer);
    const user = held === undefined ? undefined : await this.#come(actor, offer, held);
    offer.comer = undefined;
    if (held === undefined || user === undefined) return;
    offer.holder = user;
    if (actor.chance.happens(0.5)) held.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
    await this.#use(user, !offer.truth.homeProduces, drawRounds(actor.chance), seat);
    await this.#leave(user, held);
  }

  async #attach(actor: Actor, { truth }: Offer): Promise<HeldLease | undefined> {
    const { node, process, stage } = actor;
    const { lease, node: there } = truth.granted;
    try {
      const address = there.machine === node.machine ? undefined : there.address;
      const held = await process.agent.attach(lease.id, { slots: 1 }, address);
      stage.attached(actor, held);
      this.#boundInterruptions(actor, held);
      return held;
    } catch (error) {
      actor.record('queue attach', lease.id, actor.errorOf('queue attach', error));
      return undefined;
    }
  }

  /** Where a round trip takes longer than a card waits, the way is lost as often as it is found: not for hours. */
  #boundInterruptions(actor: Actor, held: HeldLease): void {
    let left = interruptionsMax;
    held.onInterrupted(() => {
      left -= 1;
      if (left === 0) actor.spawn(() => held.release());
    });
  }

  async #come(actor: Actor, { truth }: Offer, held: HeldLease): Promise<QueueUser | undefined> {
    try {
      return this.#user(actor, truth, held, await attachQueue(held));
    } catch (error) {
      actor.record('queue open', held.id, actor.errorOf('queue open', error));
      if (held.status === 'active') await held.release();
      return undefined;
    }
  }

  /** Or keeps what it does not use, for as long as things go wrong. */
  async #leave(user: QueueUser, held: HeldLease): Promise<void> {
    const { actor } = user;
    if (actor.stage.calm) await actor.pause();
    user.done = true;
    if (held.status !== 'active') return;
    if (actor.chance.happens(0.8) || actor.stage.calm) return held.release();
    const over = new Promise<void>((resolve) => held.onEnd(() => resolve()));
    while (!actor.stage.calm && held.status === 'active')
      await Promise.race([actor.sleep(actor.stage.shape.chaosMs), over]);
    if (held.status === 'active') await held.release();
  }

  // ---- Both.

  #user(actor: Actor, truth: QueueTruth, lease: HomeLease | HeldLease, place: QueuePlace): QueueUser {
    const queue = new Queue<ItemValue>(place, { wait: actor.chance.happens(0.8) ? 'event' : 'adaptive' });
    actor.stage.keep(queue, lease);
    return new QueueUser(actor, truth, lease, queue);
  }

  async #use(user: QueueUser, produces: boolean, rounds: number, seat?: Seat): Promise<void> {
    const { actor, lease } = user;
    const { stage, chance } = actor;
    const nextId = () => this.#items++;
    const end = produces ? new QueueProducer(user, nextId) : new QueueConsumer(user);
    for (let left = rounds; (left > 0 || stage.calm) && !user.done; left--) {
      if (stage.calm || chance.happens(0.6)) await actor.pause();
      if (lease.status !== 'active' || stage.phase === 'end') break;
      if (stage.calm && lease.remainingMs < calmLeaseMs / 2)
        await lease.renew(calmLeaseMs).catch((error) => actor.errorOf('renew', error));
      await user.round(() => end.round());
      if (seat !== undefined) this.#note(seat, user);
    }
  }

  #note(seat: Seat, user: QueueUser): void {
    seat.moved += user.moved;
    user.moved = 0;
    seat.failed ??= user.failed;
  }
}

function drawRounds(chance: Chance): number {
  return chance.happens(0.3) ? 1 : chance.integer(2, 20);
}

function isOpen({ truth, home }: Offer): boolean {
  return !truth.granted.isOver && !home.actor.process.dead && !home.done;
}

/** Somebody else may come, and be gone when its holder finds the way again. */
function isLost({ holder, comer }: Offer): boolean {
  return comer === undefined && holder?.lease.interrupted === true;
}

function isTaken({ holder, comer }: Offer): boolean {
  if (comer?.process.dead === false) return true;
  return holder !== undefined && !holder.done && !holder.actor.process.dead && holder.lease.status === 'active';
}
