// The clock of one simulated process: it has its own zero, runs a little fast or slow, and its process can be stopped
// as by SIGSTOP. Whatever happens to a process happens by this clock, so a stopped one does nothing at all.
import type { Clock, Timer } from '#bridge';
import type { VirtualClock } from './virtual-clock.ts';

export interface ProcessClockOptions {
  /** What this clock shows when the timeline begins, milliseconds. Defaults to 0. */
  readonly offsetMs?: number;
  /** Milliseconds on this clock to one of the timeline. Defaults to 1; quartz is within 0.9999 … 1.0001. */
  readonly rate?: number;
}

interface HeldCallback {
  readonly run: () => void;
  cancelled: boolean;
}

export class ProcessClock implements Clock {
  readonly #timeline: VirtualClock;
  readonly #offsetMs: number;
  readonly #rate: number;
  readonly #held: HeldCallback[] = [];
  #stopped = false;
  /** Its thread waits within some callback. */
  #blocked = false;

  constructor(timeline: VirtualClock, options: ProcessClockOptions = {}) {
    this.#timeline = timeline;
    this.#offsetMs = options.offsetMs ?? 0;
    this.#rate = options.rate ?? 1;
  }

  nowMs(): number {
    return this.#offsetMs + this.#timeline.nowMs() * this.#rate;
  }

  /** As nowMs(), for whoever stands outside of time. */
  get timeMs(): number {
    return this.#offsetMs + this.#timeline.timeMs * this.#rate;
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
    const held = { run: callback, cancelled: false };
    const timer = this.#timeline.after(delayMs / this.#rate, () => this.#deliver(held));
    return {
      cancel: () => {
        held.cancelled = true;
        timer.cancel();
      },
    };
  }

  nextTurn(callback: () => void): void {
    const held = { run: callback, cancelled: false };
    this.#timeline.nextTurn(() => this.#deliver(held));
  }

  /** Stops the process. Time goes on; what falls due waits. */
  freeze(): void {
    this.#stopped = true;
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
    this.#blocked = true;
    this.#timeline.runBlocking(done, msMax / this.#rate);
    if (!wasStopped) this.#timeline.runBlocking(() => !this.#stopped, Number.POSITIVE_INFINITY);
    this.#blocked = false;
    this.#catchUpLater();
  }

  /** The thread loses its processor for a while, in the middle of what it does. */
  preempt(ms: number): void {
    if (ms > 0 && !this.#blocked) this.block(() => false, ms);
  }

  #deliver(callback: HeldCallback): void {
    if (callback.cancelled) return;
    if (this.frozen || this.#held.length > 0) this.#held.push(callback);
    else callback.run();
  }

  #catchUpLater(): void {
    if (this.#held.length > 0) this.#timeline.after(0, () => this.#catchUp());
  }

  /** Does the first of what was held up; the next has a turn of its own. */
  #catchUp(): void {
    if (this.frozen) return;
    const callback = this.#held.shift();
    this.#catchUpLater();
    if (callback?.cancelled === false) callback.run();
  }
}
