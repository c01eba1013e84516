// The one timeline of a simulation. Time stands still while anything runs, and jumps to the next event when
// nothing does: so days pass in milliseconds, and the same program does the same in every run.
import { invariant, type Timer } from '#bridge';
import { EventQueue } from './event-queue.ts';
import type { Timeline } from './timeline.ts';

export interface VirtualClockOptions {
  /**
   * What a look at the clock costs, and a turn of the event loop, virtual milliseconds: whatever spins until a deadline
   * reaches it, as in life. Defaults to some microseconds; with 0, time is exact, and what spins is refused.
   */
  readonly readMs?: number;
  /** Events that the whole simulation may take. A program that goes round in circles takes more. No bound by default. */
  readonly eventsMax?: number;
}

/** With what is done between two looks. A power of two, so that sums of it are exact. */
const readMsDefault: number = 2 ** -7;
/** More looks at the clock, or more events, at one instant than any program needs: it will never leave it. */
const looksPerInstantMax = 1_000_000;
const eventsPerInstantMax = 100_000;
/** How long `run` lets a promise take, unless told: an hour. */
const runMsDefault = 3_600_000;

export class VirtualClock implements Timeline {
  readonly othersGoOn = true;
  readonly #readMs: number;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #looks = 0;
  #eventsAtInstant = 0;
  #eventsLeft: number;
  #blocking = 0;
  /** Who waits until no thread is blocked. */
  readonly #unblocked: (() => void)[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#readMs = options.readMs ?? readMsDefault;
    this.#eventsLeft = options.eventsMax ?? Number.POSITIVE_INFINITY;
  }

  /** Looks at the clock, which takes its time. */
  nowMs(): number {
    const nowMs = this.#nowMs;
    if (this.#readMs > 0) this.#moveTo(nowMs + this.#readMs);
    this.#looks += 1;
    invariant(this.#looks < looksPerInstantMax, 'a loop waits for a time that stands still');
    return nowMs;
  }

  /** The time, for whoever stands outside of it. */
  get timeMs(): number {
    return this.#nowMs;
  }

  /** Events that may still happen. */
  get eventsLeft(): number {
    return this.#eventsLeft;
  }

  /** Events that are still to come. */
  get pending(): number {
    return this.#queue.length;
  }

  /** How long ago the next event was due, milliseconds: looks at the clock, which take time, have overtaken it. */
  get lateMs(): number {
    return Math.max(0, this.#nowMs - this.#queue.nextDueMs);
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#queue.add(this.#nowMs + Math.max(0, delayMs), callback);
  }

  /** Calls back once all that is due now has had its turn, which takes as long as a look at the clock. */
  nextTurn(callback: () => void): void {
    this.#queue.add(this.#nowMs + this.#readMs, callback);
  }

  keepAlive(): void {
    // Whoever advances the time keeps the process.
  }

  /** Lets `ms` milliseconds pass: runs what falls due in them, in order, each followed by its microtasks. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await microtasks();
    while (this.#runNext(untilMs)) await microtasks();
    this.#moveTo(untilMs);
  }

  /** Runs what is due now, and what that makes due now. */
  settle(): Promise<void> {
    return this.advance(0);
  }

  /**
   * Lets time pass until `promise` settles, and settles as it does. Rejects if nothing is left to happen that could
   * settle it, or if it takes more than `msMax`.
   */
  async run<T>(promise: Promise<T>, msMax: number = runMsDefault): Promise<T> {
    const untilMs = this.#nowMs + msMax;
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await microtasks();
    while (!settled) {
      if (!this.#runNext(untilMs)) throw new Error(this.#describeStandstill(msMax));
      await microtasks();
    }
    return promise;
  }

  /**
   * Runs events until `done()` or for `msMax` at most, without microtasks: how the others go on while one blocks its
   * thread.
   */
  runBlocking(done: () => boolean, msMax: number): void {
    const untilMs = this.#nowMs + msMax;
    this.#blocking += 1;
    while (!done() && this.#runNext(untilMs)) {
      // The others go on.
    }
    this.#blocking -= 1;
    if (this.#blocking === 0) for (const callback of this.#unblocked.splice(0)) this.whenUnblocked(callback);
    if (done()) return;
    invariant(untilMs < Number.POSITIVE_INFINITY, 'a thread waits for ever: nothing is left to happen');
    this.#moveTo(untilMs);
  }

  /** Calls back once no thread is blocked, and what promises have been settled for meanwhile is done. */
  whenUnblocked(callback: () => void): void {
    this.after(0, () => {
      if (this.#blocking === 0) callback();
      else this.#unblocked.push(callback);
    });
  }

  /** Runs the next event, if one is due by then. */
  #runNext(untilMs: number): boolean {
    if (this.#queue.nextDueMs > untilMs) return false;
    const event = this.#queue.take();
    if (event === undefined) return false;
    this.#moveTo(event.dueMs);
    this.#eventsAtInstant += 1;
    this.#eventsLeft -= 1;
    invariant(
      this.#eventsLeft >= 0,
      'the simulation takes more events than it should: something goes round in circles',
    );
    invariant(this.#eventsAtInstant < eventsPerInstantMax, 'events cause events at one instant, without end');
    event.run();
    return true;
  }

  /** Time never goes back: an event that was overtaken by looks at the clock is late. */
  #moveTo(timeMs: number): void {
    if (timeMs <= this.#nowMs) return;
    this.#nowMs = timeMs;
    this.#looks = 0;
    this.#eventsAtInstant = 0;
  }

  #describeStandstill(msMax: number): string {
    const why = this.#queue.length === 0 ? 'nothing is left to happen' : `${msMax} ms have passed`;
    return `at ${this.#nowMs} ms ${why}, and the promise is not settled`;
  }
}

/** So often the real event loop has a turn: what nobody catches is told there. */
const eventsPerTurn = 256;
let events = 0;

/**
 * All microtasks that are queued, and those that they queue, have passed when this resolves: Node calls what is to come in
 * the next tick once none is left. A turn of the real event loop would do too, and costs ten times as much.
 */
function microtasks(): Promise<void> {
  events += 1;
  return new Promise((resolve) => {
    if (events % eventsPerTurn === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
