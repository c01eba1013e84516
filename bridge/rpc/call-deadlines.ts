// The deadlines of one client's calls, by one timer: it stands at the earliest. A timer costs as much as a call, and most
// calls are answered long before theirs is due.
import type { Clock, Timer } from '../environment.ts';
import { weakly } from '../weakly.ts';
import type { PendingCall } from './pending-call.ts';

export class CallDeadlines {
  readonly #clock: Clock;
  readonly #calls: () => Iterable<PendingCall>;
  readonly #onPassed: (call: PendingCall) => void;
  readonly #fire: () => void;
  #timer: Timer | undefined;
  #dueMs: number = Number.POSITIVE_INFINITY;

  /** `calls` are those that may be due; `onPassed` is told of each that is. */
  constructor(clock: Clock, calls: () => Iterable<PendingCall>, onPassed: (call: PendingCall) => void) {
    this.#clock = clock;
    this.#calls = calls;
    this.#onPassed = onPassed;
    this.#fire = weakly(this, (deadlines) => deadlines.#sweep());
  }

  /** Sees to it that a call is looked at when it is due. */
  watch({ deadlineAtMs }: PendingCall): void {
    if (deadlineAtMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = deadlineAtMs;
    this.#timer = this.#clock.after(Math.max(deadlineAtMs - this.#clock.nowMs(), 0), this.#fire);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #sweep(): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    const left = [...this.#calls()].filter((call) => !call.settled && !call.abandoned);
    for (const call of left) if (call.deadlineAtMs <= nowMs) this.#onPassed(call);
    const next = left.filter(({ settled, abandoned }) => !settled && !abandoned);
    const [first] = next.sort((a, b) => a.deadlineAtMs - b.deadlineAtMs);
    if (first !== undefined) this.watch(first);
  }
}
