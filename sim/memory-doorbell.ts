// What an eventfd is between processes: rung by one, watched by another. Rings that come before the watcher was woken
// are one; a ring that nobody watches waits.
import type { Clock } from '#bridge';
import type { SimClock } from './timeline.ts';

export class MemoryDoorbell {
  readonly #delayMs: () => number;
  #rung = false;
  #closed = false;
  #kept: SimClock | undefined;
  #watcher: { readonly clock: Clock; readonly onRing: () => void } | undefined;

  /** `delayMs` draws how long the next wake-up takes, milliseconds. */
  constructor(delayMs: () => number) {
    this.#delayMs = delayMs;
  }

  /** Whether it was rung and nobody has noticed yet. */
  get rung(): boolean {
    return this.#rung;
  }

  ring(): void {
    if (this.#rung || this.#closed) return;
    this.#rung = true;
    this.#wakeLater();
  }

  /** Silences the bell; true if it had been rung. */
  drain(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }

  /** Calls back in the process whose clock that is; replaces an earlier watcher. */
  watch(clock: Clock, onRing: () => void): void {
    this.#watcher = { clock, onRing };
    if (this.#rung) this.#wakeLater();
  }

  /** While true, waiting for a ring keeps the process alive whose clock that is. */
  keepAlive(clock: SimClock, keep: boolean): void {
    if (this.#closed) return;
    this.#kept = clock;
    clock.keepAlive(this, keep);
  }

  close(): void {
    this.#kept?.keepAlive(this, false);
    this.#closed = true;
    this.#watcher = undefined;
  }

  #wakeLater(): void {
    this.#watcher?.clock.after(this.#delayMs(), () => {
      if (this.#watcher !== undefined && this.drain()) this.#watcher.onRing();
    });
  }
}
