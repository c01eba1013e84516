// How long one wait may take, and what may break it off.
import type { Clock } from '../environment.ts';
import { DeadlineExceeded } from '../errors.ts';
import { checkDeadline } from '../rpc/call-deadline.ts';

export interface WaitOptions {
  /** Breaks the wait off, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the wait rejects with DeadlineExceeded; none unless given. */
  readonly deadlineMs?: number | undefined;
}

export function deadlineOf({ deadlineMs }: WaitOptions): number {
  return deadlineMs === undefined ? Number.POSITIVE_INFINITY : checkDeadline(deadlineMs);
}

/** Calls `giveUp` with the error when a wait is to be given up. Returns how to stop watching. */
export function watchLimits(clock: Clock, options: WaitOptions, giveUp: (error: unknown) => void): () => void {
  const { signal } = options;
  const deadlineMs = deadlineOf(options);
  const onAbort = () => giveUp(signal?.reason);
  const onDeadline = () => giveUp(new DeadlineExceeded(`nothing happened at the queue within ${deadlineMs} ms`));
  const timer = deadlineMs === Number.POSITIVE_INFINITY ? undefined : clock.after(deadlineMs, onDeadline);
  signal?.addEventListener('abort', onAbort);
  return () => {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
  };
}
