// Those who wait at one end of a queue, in order: for room, or for items. The first is looked for while that is likely to
// pay; then all sleep on the end's doorbell.
import type { Clock } from '../environment.ts';
import type { Lease } from '../lease/lease.ts';
import { SpinBudget, type WaitMode, worthLooks } from '../rpc/spin-budget.ts';
import { weakly } from '../weakly.ts';
import { hasBothEnds, type QueuePlace } from './open-queue.ts';
import type { QueueEnd } from './queue-end.ts';
import { deadlineOf, type WaitOptions, watchLimits } from './wait-limits.ts';

interface Waiter {
  readonly attempt: () => boolean;
  readonly settle: (error?: unknown) => void;
}

/** How long looking keeps the event loop at a time, milliseconds. */
const sliceMs = 0.1;
/** Waits in a row that end at once, before others in this thread have their turn. */
const waitsPerTurn = 256;

export class QueueWait {
  /** Ends at which somebody waits: these are kept, whoever else has dropped them. */
  static readonly #occupied = new Set<QueueWait>();

  readonly #lease: Lease;
  readonly #end: QueueEnd;
  readonly #clock: Clock;
  readonly #budget: SpinBudget;
  readonly #waiters: Waiter[] = [];
  #state: 'rests' | 'looks' | 'sleeps' = 'rests';
  #lookUntilMs = 0;
  #sleptAtMs = 0;
  #listening = false;
  #waitsSinceTurn = 0;

  constructor({ lease, end }: QueuePlace, mode: WaitMode) {
    this.#lease = lease;
    this.#end = end;
    this.#clock = lease.context.environment.clock;
    this.#budget = new SpinBudget(mode, end.sleeper);
    lease.onEnd(weakly(this, (wait) => wait.fail(wait.#lease.endedError(false))));
  }

  /**
   * Resolves once `attempt` was true, which it is asked until then, behind all that wait already. Rejects with what it throws, the
   * lease's error once that has ended, DeadlineExceeded, or the signal's reason.
   */
  until(attempt: () => boolean, options: WaitOptions): Promise<void> {
    try {
      this.#lease.check();
      options.signal?.throwIfAborted();
      deadlineOf(options); // Throws for what is none.
      if (this.#mayEndAtOnce() && (attempt() || this.#spin(attempt, this.#budget.ms))) return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#enqueue(attempt, options);
  }

  /** Something has changed that no doorbell tells. */
  look(): void {
    if (this.#state !== 'rests') this.#advance();
  }

  /** Nothing will come of waiting. */
  fail(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.settle(error);
    this.#rest();
  }

  /** Where nobody waits; but a loop that never has to wait would never let anybody else have the thread. */
  #mayEndAtOnce(): boolean {
    this.#waitsSinceTurn += 1;
    return this.#waiters.length === 0 && this.#waitsSinceTurn < waitsPerTurn;
  }

  #enqueue(attempt: () => boolean, options: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = watchLimits(this.#clock, options, (error) => this.#giveUp(waiter, error));
      const waiter: Waiter = {
        attempt,
        settle: (...failure) => {
          forget();
          if (failure.length === 0) resolve();
          else reject(failure[0]);
        },
      };
      this.#waiters.push(waiter);
      if (this.#state === 'rests') this.#begin();
    });
  }

  #giveUp(waiter: Waiter, error: unknown): void {
    const index = this.#waiters.indexOf(waiter);
    if (index < 0) return;
    this.#waiters.splice(index, 1);
    waiter.settle(error);
    if (this.#waiters.length === 0) this.#rest();
  }

  #begin(): void {
    QueueWait.#occupied.add(this);
    if (!this.#listening) this.#end.sleeper.onRing(weakly(this, (wait) => wait.#rung()));
    this.#listening = true;
    this.#end.sleeper.keepAlive(true);
    this.#lookUntilMs = this.#clock.nowMs() + this.#budget.ms;
    if (this.#waitsSinceTurn >= waitsPerTurn) this.#lookOn();
    else this.#lookOrSleep();
  }

  #rung(): void {
    if (this.#state !== 'sleeps') return;
    this.#waitsSinceTurn = 0;
    if (this.#clock.nowMs() - this.#sleptAtMs < worthLooks * this.#end.sleeper.spinMsMax) this.#budget.hit();
    this.#advance();
  }

  #advance(): void {
    this.#end.sleeper.disarm();
    if (this.#serve()) this.#rest();
    else this.#lookOrSleep();
  }

  #lookOrSleep(): void {
    if (this.#clock.nowMs() < this.#lookUntilMs) return this.#lookOn();
    if (this.#state === 'looks') this.#budget.miss();
    this.#state = 'sleeps';
    this.#sleptAtMs = this.#clock.nowMs();
    this.#end.sleeper.arm();
    // Observes: index, once more, now that the peer knows that it has to ring.
    if (this.#serve()) this.#rest();
  }

  #lookOn(): void {
    this.#state = 'looks';
    this.#clock.nextTurn(() => {
      if (this.#state !== 'looks') return;
      this.#waitsSinceTurn = 0;
      const first = this.#waiters[0];
      if (first !== undefined) this.#spinFor(first, this.#lookUntilMs - this.#clock.nowMs());
      this.#advance();
    });
  }

  /** What the attempt throws, it throws again when it is served. */
  #spinFor(first: Waiter, leftMs: number): void {
    try {
      if (!this.#spin(first.attempt, leftMs)) return;
      this.#waiters.shift();
      first.settle();
    } catch (error) {
      this.#waiters.shift();
      first.settle(error);
    }
  }

  /** Serves whoever can be served, in order; true if nobody waits any more. */
  #serve(): boolean {
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      try {
        this.#lease.check();
        if (!first.attempt()) return false;
        first.settle();
      } catch (error) {
        first.settle(error);
      }
      this.#waiters.shift();
    }
    return true;
  }

  #rest(): void {
    if (this.#state === 'rests') return;
    this.#state = 'rests';
    if (this.#lease.status === 'active') this.#end.sleeper.disarm();
    this.#end.sleeper.keepAlive(false);
    QueueWait.#occupied.delete(this);
  }

  /** Looks for a slice of `budgetMs` at most. Where the other end is this thread's, that would only keep it from moving. */
  #spin(attempt: () => boolean, budgetMs: number): boolean {
    if (budgetMs <= 0 || hasBothEnds(this.#lease)) return false;
    const untilMs = this.#clock.nowMs() + Math.min(budgetMs, sliceMs);
    do {
      for (let look = 0; look < this.#end.looksPerClock; look++) {
        if (!attempt()) continue;
        this.#budget.hit();
        return true;
      }
      this.#lease.check();
    } while (this.#clock.nowMs() < untilMs);
    return false;
  }
}
