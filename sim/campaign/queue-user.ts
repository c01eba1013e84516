// One end of a queue, with the actor that uses it: what it does, it does through this, which checks that nothing succeeds
// that began when the lease was over, and knows what it waits for.
import type { Queue } from '#bridge';
import { Cancelled, DeadlineExceeded, PayloadTooLarge } from '#bridge';
import type { Actor } from './actor.ts';
import type { HeldLease, HomeLease } from './granted.ts';
import type { ItemValue } from './queue-items.ts';
import type { QueueTruth } from './queue-truth.ts';

/** When nothing goes wrong any more, everything is done within this. */
export const calmDeadlineMs = 10_000;
const deadlineMsMax = 8000;
/** An end looks at what its lease's timer has written, not at the clock, and a timer may be so late beside other events. */
const timerLateMs = 1;

/** How long one is ready to wait. */
export interface Patience {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export class QueueUser {
  readonly actor: Actor;
  readonly queue: Queue<ItemValue>;
  readonly truth: QueueTruth;
  readonly lease: HomeLease | HeldLease;
  readonly sinceMs: number;
  /** Its rounds are over: it may leave. */
  done = false;
  /** Items that went through since everything should work, and what did not then. */
  moved = 0;
  failed: string | undefined;
  readonly #waits = new Map<object, { readonly what: string; readonly sinceMs: number }>();

  constructor(actor: Actor, truth: QueueTruth, lease: HomeLease | HeldLease, queue: Queue<ItemValue>) {
    this.actor = actor;
    this.truth = truth;
    this.lease = lease;
    this.queue = queue;
    this.sinceMs = this.#timeMs;
  }

  /** Whether this end is the home's, or sees the home's memory: then there is nothing that is on its way. */
  get isNear(): boolean {
    return this.actor.node.machine === this.truth.granted.node.machine;
  }

  get isAtHome(): boolean {
    return this.actor.process === this.truth.granted.process;
  }

  /** What it waits for, and has waited for since before that time. */
  waitsSince(timeMs: number): string | undefined {
    return [...this.#waits.values()].find(({ sinceMs }) => sinceMs < timeMs)?.what;
  }

  /** Does what is done at once. */
  now<T>(what: string, act: () => T): T {
    const beganOver = this.#isOver;
    const result = act();
    this.#check(what, beganOver);
    return result;
  }

  /** Does what may take its time. */
  async wait<T>(what: string, act: () => Promise<T>): Promise<T> {
    const beganOver = this.#isOver;
    const wait = {};
    this.#waits.set(wait, { what, sinceMs: this.#timeMs });
    try {
      const result = await act();
      this.#check(what, beganOver);
      return result;
    } finally {
      this.#waits.delete(wait);
    }
  }

  /** One thing after another that this end does. What stops it is told, and ends it unless it can go on. */
  async round(act: () => Promise<void>): Promise<void> {
    const { actor } = this;
    const { phase } = actor.stage;
    try {
      await act();
    } catch (error) {
      const word = actor.errorOf('queue', error);
      actor.record('queue cannot', this.lease.id, word);
      const fromVerify = phase === 'verify' && actor.stage.phase === 'verify';
      if (fromVerify) this.failed = `lease ${this.lease.id}: ${(error as Error).message}`;
      if ((error as Error).message.includes('is not what it was')) actor.mark('queue: somebody else had the end');
      this.done = !canGoOn(error);
    }
  }

  countMoved(items: number): void {
    if (this.actor.stage.phase === 'verify') this.moved += items;
  }

  /** For good, or for a while, or until somebody changes his mind. */
  drawPatience(): Patience {
    const { chance, stage, process } = this.actor;
    if (stage.calm) return { deadlineMs: calmDeadlineMs };
    if (chance.happens(0.6)) return {};
    const deadlineMs = chance.octaves(0.1, deadlineMsMax);
    if (chance.happens(0.5)) return { deadlineMs };
    const stop = new AbortController();
    process.clock.after(deadlineMs, () => stop.abort(new Cancelled('somebody changed his mind')));
    return { signal: stop.signal };
  }

  /**
   * By its home's decision, where this end sees it at once; or by its home's clock as this turn began, unless this end was held
   * up, and what its own clock is to tell it still waits for its turn.
   */
  get #isOver(): boolean {
    const { lease, leftMs } = this.truth.granted;
    if (this.isNear && lease.status !== 'active') return true;
    const { process, node, stage } = this.actor;
    const turnMs = (process.clock.timeMs - node.turnFromMs) / node.rate;
    return leftMs + turnMs < -timerLateMs - stage.world.clock.lateMs && !process.clock.behind;
  }

  #check(what: string, beganOver: boolean): void {
    this.actor.mark(`queue: ${what}`);
    if (!beganOver) return;
    this.actor.fail(`${what} succeeded at the queue of lease ${this.lease.id}, which was over when it began`);
  }

  get #timeMs(): number {
    return this.actor.stage.world.clock.timeMs;
  }
}

function canGoOn(error: unknown): boolean {
  return error instanceof Cancelled || error instanceof DeadlineExceeded || error instanceof PayloadTooLarge;
}

/** All of them; then what the first that failed failed with. */
export async function settled(acts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(acts);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
