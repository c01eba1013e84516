// The clock of one simulated process: it has its own zero, runs a little fast or slow, and its process can be stopped
// as by SIGSTOP. Whatever happens to a process happens by this clock, so a stopped one does nothing at all.
import type { Timer } from '#bridge';
import type { SimClock, Timeline } from './timeline.ts';

export interface ProcessClockOptions {
  /** What this clock shows when the timeline begins, milliseconds. Defaults to 0. */
  readonly offsetMs?: number;
  /** Milliseconds on this clock to one of the timeline. Defaults to 1; quartz is within 0.9999 … 1.0001. */
  readonly rate?: number;
  /** Enters the process, and does there what happens to it. By default there is nothing to enter. */
  readonly enter?: (callback: () => void) => void;
}

/** It is its own timer. */
class HeldCallback implements Timer {
  readonly run: () => void;
  cancelled = false;
  timer: Timer | undefined;

  constructor(run: () => void) {
    this.run = run;
  }

  cancel(): void {
    this.cancelled = true;
    this.timer?.cancel();
  }
}

export class ProcessClock implements SimClock {
  readonly #timeline: Timeline;
  readonly #offsetMs: number;
  readonly #rate: number;
  readonly #enter: (callback: () => void) => void;
  readonly #held: HeldCallback[] = [];
  readonly #keepers = new Set<object>();
  #stopped = false;
  /** Its thread waits within some callback. */
  #blocked = false;
  #dead = false;

  constructor(timeline: Timeline, options: ProcessClockOptions = {}) {
    this.#timeline = timeline;
    this.#offsetMs = options.offsetMs ?? 0;
    this.#rate = options.rate ?? 1;
    this.#enter = options.enter ?? ((callback) => callback());
  }

  nowMs(): number {
    return this.#offsetMs + this.#timeline.nowMs() * this.#rate;
  }

  /** As nowMs(), for whoever stands outside of time. */
  get timeMs(): number {
    return this.#offsetMs + this.#timeline.timeMs * this.#rate;
  }

  /** How long it pays to spin at most, where `msMax` would be right in life. */
  spinMs(msMax: number): number {
    return this.#timeline.othersGoOn ? msMax : 0;
  }

  keepAlive(keeper: object, keep: boolean): void {
    if (keep && !this.#dead) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
    this.#timeline.keepAlive(this, this.#keepers.size > 0);
  }

  /** Nothing happens in the process: it is stopped, or its thread is blocked. */
  get frozen(): boolean {
    return this.#stopped || this.#blocked;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Whether something that fell due while nothing could happen is still to be done. */
  get behind(): boolean {
    return this.#held.length > 0;
  }

  after(delayMs: number, callback: () => void): Timer {
    const held = new HeldCallback(callback);
    held.timer = this.#timeline.after(delayMs / this.#rate, () => this.#deliver(held));
    return held;
  }

  nextTurn(callback: () => void): void {
    const held = new HeldCallback(callback);
    this.#timeline.nextTurn(() => this.#deliver(held));
  }

  /** Stops the process. Time goes on; what falls due waits. */
  freeze(): void {
    this.#stopped = true;
  }

  /** Stops the process for good. */
  kill(): void {
    this.#dead = true;
    this.freeze();
    this.#keepers.clear();
    this.#timeline.keepAlive(this, false);
  }

  /** Lets the process go on: what fell due meanwhile happens now, in order. */
  thaw(): void {
    this.#stopped = false;
    this.#catchUpLater();
  }

  /**
   * Blocks the process's thread until `done()` or for `msMax` of its milliseconds: the others go on meanwhile. Who is
   * stopped meanwhile goes on when it is let go on.
   */
  block(done: () => boolean, msMax: number): void {
    const wasStopped = this.#stopped;
    const goesOn = () => !this.#stopped || this.#dead;
    this.#blocked = true;
    try {
      this.#timeline.runBlocking(done, msMax / this.#rate);
      if (!wasStopped) this.#timeline.runBlocking(goesOn, Number.POSITIVE_INFINITY);
    } finally {
      this.#blocked = false;
      this.#catchUpLater();
    }
  }

  /** The thread loses its processor for a while, in the middle of what it does. */
  preempt(ms: number): void {
    if (ms > 0 && !this.#blocked) this.block(() => false, ms);
  }

  #deliver(callback: HeldCallback): void {
    if (callback.cancelled) return;
    if (this.frozen || this.#held.length > 0) this.#held.push(callback);
    else this.#enter(callback.run);
  }

  #catchUpLater(): void {
    if (this.#held.length > 0) this.#timeline.after(0, () => this.#catchUp());
  }

  /** Does the first of what was held up; the next has a turn of its own. */
  #catchUp(): void {
    if (this.frozen) return;
    const callback = this.#held.shift();
    this.#catchUpLater();
    if (callback?.cancelled === false) this.#enter(callback.run);
  }
}
