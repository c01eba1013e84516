// What a program may say about a client and about one call.
import { callDeadlineMs } from '../limits.ts';
import { clientSlotsMax } from '../plane/slot-board.ts';
import { checkDeadline } from './call-deadline.ts';
import type { WaitMode } from './spin-budget.ts';

export interface RpcClientOptions {
  /** How calls wait for their response. Defaults to `adaptive`. */
  readonly wait?: WaitMode;
  /** Deadline of a call that names none, in milliseconds from the call. Defaults to 30 s. */
  readonly deadlineMs?: number;
  /** At the lease's home: how many slots to take, 1 … 1024. A holder has those that it attached with. Defaults to 1. */
  readonly slots?: number;
}

export interface CallOptions {
  /** Milliseconds until the call fails with DeadlineExceeded; Infinity for none but the lease's own. */
  readonly deadlineMs?: number;
  /**
   * Whether the call may run twice: then it is made again where the way to its home was lost on the way, and found again
   * before the deadline. Otherwise such a call fails with Disconnected, and `mayHaveExecuted`. Defaults to false.
   */
  readonly idempotent?: boolean;
  /** Aborting it fails the call with Cancelled, and tells the server, whose handler's own signal then aborts. */
  readonly signal?: AbortSignal;
}

/** `deadlineMs` is the whole stream's; without one it has none. */
export interface StreamOptions extends Pick<CallOptions, 'deadlineMs' | 'signal'> {}

/** The options with their defaults. Throws RangeError or TypeError for what they cannot be. */
export function checkClientOptions(options: RpcClientOptions): Required<RpcClientOptions> {
  return {
    wait: checkWaitMode(options.wait),
    deadlineMs: checkDeadline(options.deadlineMs ?? callDeadlineMs),
    slots: checkSlotCount(options.slots ?? 1),
  };
}

/** Throws RangeError for what one client cannot have. */
export function checkSlotCount(slots: number): number {
  if (Number.isInteger(slots) && slots >= 1 && slots <= clientSlotsMax) return slots;
  throw new RangeError(`a client has from 1 to ${clientSlotsMax} slots, not ${slots}`);
}

/** The mode, `adaptive` where none is given. Throws TypeError for a word that is none. */
export function checkWaitMode(wait: WaitMode | undefined): WaitMode {
  const mode = wait ?? 'adaptive';
  if (mode === 'busy' || mode === 'adaptive' || mode === 'event') return mode;
  throw new TypeError(`a wait mode is 'busy', 'adaptive' or 'event', not ${JSON.stringify(mode)}`);
}
