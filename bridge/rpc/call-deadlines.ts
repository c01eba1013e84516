// The signals of one client's calls, and their deadlines. These are kept by one timer, which stands at the earliest: a timer
// costs as much as a call, and most calls are answered long before theirs is due.
import type { Clock, Timer } from '../environment.ts';
import { weakly } from '../weakly.ts';
import { cancelled, deadlineExceeded } from './call-deadline.ts';
import type { CallRequest } from './call-request.ts';
import type { PendingCall } from './pending-call.ts';

/** Whose calls they are. */
export interface DeadlinedCalls {
  /** Those that may be due. */
  pending(): Iterable<PendingCall>;
  /** A call has lost its caller; it depends on where it is whether it may have run. */
  giveUp(call: PendingCall, error: (mayHaveRun: boolean) => Error): void;
}

export class CallDeadlines {
  readonly #clock: Clock;
  readonly #calls: DeadlinedCalls;
  readonly #fire: () => void;
  #timer: Timer | undefined;
  #dueMs: number = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, calls: DeadlinedCalls) {
    this.#clock = clock;
    this.#calls = calls;
    this.#fire = weakly(this, (deadlines) => deadlines.#sweep());
  }

  /** A call is given up when its time has passed, or its signal aborts, whichever comes first. */
  limit(call: PendingCall, { deadlineMs, signal }: CallRequest): void {
    if (deadlineMs !== Number.POSITIVE_INFINITY) {
      call.deadlineAtMs = this.#clock.nowMs() + deadlineMs;
      this.#watch(call);
    }
    if (signal === undefined) return;
    const abort = () => this.#calls.giveUp(call, (mayHaveRun) => cancelled(signal, mayHaveRun));
    signal.addEventListener('abort', abort);
    call.onSettled = () => signal.removeEventListener('abort', abort);
  }

  /** Sees to it that a call is looked at when it is due. */
  #watch({ deadlineAtMs }: PendingCall): void {
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
    const left = [...this.#calls.pending()].filter((call) => !call.settled && !call.abandoned);
    for (const call of left) if (call.deadlineAtMs <= nowMs) this.#calls.giveUp(call, deadlineExceeded);
    const next = left.filter(({ settled, abandoned }) => !settled && !abandoned);
    const [first] = next.sort((a, b) => a.deadlineAtMs - b.deadlineAtMs);
    if (first !== undefined) this.#watch(first);
  }
}
