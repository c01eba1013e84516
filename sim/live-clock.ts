// The timeline of processes that share one thread in real time. It goes with the real clock, or ahead of it, once told to:
// then all that falls due in between happens first. Each event has a turn of the event loop of its own, as in life.
import { systemEnvironment, type Timer, Unsupported } from '#bridge';
import { EventQueue } from './event-queue.ts';
import type { Timeline } from './timeline.ts';

/** So long a thread blocks with nothing happening at all, milliseconds, before it is told that nothing ever will. */
const silentMsMax = 2_000;
/** Whoever blocks looks more often than this, also where it spins. */
const lookEveryMsMax = 100;
/** Nothing but a name for "while somebody keeps the process alive": the longest that setInterval takes. */
const anchorMs = 2 ** 31 - 1;

export class LiveClock implements Timeline {
  readonly othersGoOn = false;
  readonly #clock = systemEnvironment.clock;
  readonly #queue = new EventQueue();
  readonly #keepers = new Set<object>();
  /** Nobody notifies this: waiting for it is how a thread sleeps. */
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #anchor: NodeJS.Timeout | undefined;
  /** By how much this is ahead of the real clock. */
  #aheadMs = 0;
  #turnIsPlanned = false;
  #timer: { readonly dueMs: number; readonly handle: Timer } | undefined;
  /** Since when nothing has happened to a thread that blocks, and when it last looked. */
  #silence = { fromMs: 0, lookedAtMs: 0 };

  nowMs(): number {
    return this.#clock.nowMs() + this.#aheadMs;
  }

  get timeMs(): number {
    return this.nowMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    const event = this.#queue.add(this.nowMs() + Math.max(0, delayMs), callback);
    this.#plan();
    return {
      cancel: () => {
        this.#queue.remove(event);
        if (this.#queue.length === 0) this.#disarm();
      },
    };
  }

  nextTurn(callback: () => void): void {
    this.after(0, callback);
  }

  keepAlive(keeper: object, keep: boolean): void {
    if (keep) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
    if (this.#keepers.size > 0) this.#anchor ??= setInterval(() => undefined, anchorMs);
    else {
      clearInterval(this.#anchor);
      this.#anchor = undefined;
    }
  }

  /** Lets `ms` milliseconds pass at once: what falls due in them happens in order, each followed by its microtasks. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs() + ms;
    await microtasks();
    while (this.#queue.nextDueMs <= untilMs) {
      this.#jumpTo(this.#queue.nextDueMs);
      this.#runNext();
      await microtasks();
    }
    this.#jumpTo(untilMs);
    this.#disarm();
    this.#plan();
  }

  /**
   * The handlers of a server whose client blocks run here too, but their promises settle only in the event loop. Throws
   * Unsupported once nothing has happened for 2 s.
   */
  runBlocking(done: () => boolean, msMax: number): void {
    const untilMs = this.nowMs() + msMax;
    while (!done()) {
      const nowMs = this.nowMs();
      if (this.#queue.nextDueMs <= Math.min(nowMs, untilMs)) {
        this.#runNext();
        continue;
      }
      this.#noteSilence(nowMs);
      if (nowMs >= untilMs) return;
      const leftMs = Math.min(untilMs, this.#queue.nextDueMs) - nowMs;
      Atomics.wait(this.#never, 0, 0, Math.min(leftMs, lookEveryMsMax / 2));
    }
  }

  #noteSilence(nowMs: number): void {
    const { fromMs, lookedAtMs } = this.#silence;
    const goesOn = nowMs - lookedAtMs < lookEveryMsMax;
    this.#silence = { fromMs: goesOn ? fromMs : nowMs, lookedAtMs: nowMs };
    if (!goesOn || nowMs - fromMs < silentMsMax) return;
    this.#forgetSilence();
    throw new Unsupported(
      `callSync has waited ${silentMsMax} ms for a server in its own thread, whose handler cannot go on: use call`,
    );
  }

  #forgetSilence(): void {
    this.#silence = { fromMs: 0, lookedAtMs: 0 };
  }

  #runNext(): void {
    this.#forgetSilence();
    this.#queue.take()?.run();
  }

  /** Sees to it that the next event gets its turn. */
  #plan(): void {
    const dueMs = this.#queue.nextDueMs;
    const leftMs = dueMs - this.nowMs();
    if (leftMs <= 0) this.#planTurn();
    else if (dueMs < (this.#timer?.dueMs ?? Number.POSITIVE_INFINITY)) this.#arm(dueMs, leftMs);
  }

  #planTurn(): void {
    if (this.#turnIsPlanned) return;
    this.#turnIsPlanned = true;
    this.#clock.nextTurn(() => {
      this.#turnIsPlanned = false;
      if (this.#queue.nextDueMs <= this.nowMs()) this.#runThenPlan();
      else this.#plan();
    });
  }

  /** Whatever an event throws, the others have their turn. */
  #runThenPlan(): void {
    try {
      this.#runNext();
    } finally {
      this.#plan();
    }
  }

  #arm(dueMs: number, leftMs: number): void {
    this.#disarm();
    const handle = this.#clock.after(leftMs, () => {
      this.#timer = undefined;
      this.#plan();
    });
    this.#timer = { dueMs, handle };
  }

  #disarm(): void {
    this.#timer?.handle.cancel();
    this.#timer = undefined;
  }

  #jumpTo(timeMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, timeMs - this.#clock.nowMs());
  }
}

/** All microtasks that are queued, and those that they queue: a turn of the event loop lets them pass. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
