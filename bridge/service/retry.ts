// Making calls again that may run twice: only for failures that pass, with growing pauses, and within the call's deadline.
import type { Environment } from '../environment.ts';
import { FabricError, type FabricErrorCode } from '../errors.ts';
import { retryAttemptsMax } from '../limits.ts';

/** How calls of idempotent methods are made again. */
export interface RetryPolicy {
  /** Attempts in all, 1 … 100. Defaults to 3. */
  readonly attempts?: number;
  /** The pause before the second attempt; each later one is twice as long. Defaults to 10 ms. */
  readonly backoffMs?: number;
  /** The longest pause. Defaults to 1 s. */
  readonly backoffMsMax?: number;
  /** By how much of itself a pause may be shorter, at random: 0 … 1. Defaults to 0.5. */
  readonly jitter?: number;
}

/** What may be otherwise a moment later. Deadlines are the caller's own, and a lease that has ended does not come back. */
const transient: ReadonlySet<FabricErrorCode> = new Set(['Disconnected', 'Contention', 'CapacityExceeded']);

/** The policy with its defaults. Throws RangeError for what it cannot be. */
export function checkRetryPolicy(policy: RetryPolicy): Required<RetryPolicy> {
  const { attempts = 3, backoffMs = 10, backoffMsMax = 1000, jitter = 0.5 } = policy;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > retryAttemptsMax) {
    throw new RangeError(`a retry policy allows 1 to ${retryAttemptsMax} attempts, not ${attempts}`);
  }
  if (!(backoffMs >= 0 && backoffMs <= backoffMsMax && backoffMsMax < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`pauses grow from 0 ms or more to a maximum, not from ${backoffMs} ms to ${backoffMsMax} ms`);
  }
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`jitter lies from 0 to 1, not ${jitter}`);
  return { attempts, backoffMs, backoffMsMax, jitter };
}

export interface Attempts<T> {
  readonly policy: Required<RetryPolicy>;
  readonly environment: Environment;
  /** Of all attempts together; undefined where each has its own. */
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether there is still something to call. */
  readonly isOpen: () => boolean;
  readonly attempt: (deadlineMs: number | undefined) => Promise<T>;
}

/** Settles as the last attempt does. Rejects with the signal's reason if it aborts between two. */
export async function retried<T>(attempts: Attempts<T>): Promise<T> {
  const { policy, environment, deadlineMs = Number.POSITIVE_INFINITY, signal, isOpen, attempt } = attempts;
  const untilMs = environment.clock.nowMs() + deadlineMs;
  let leftMs = deadlineMs;
  for (let made = 1; ; made++) {
    try {
      return await attempt(leftMs === Number.POSITIVE_INFINITY ? attempts.deadlineMs : leftMs);
    } catch (error) {
      const passes = error instanceof FabricError && transient.has(error.code) && isOpen();
      if (!passes || made >= policy.attempts) throw error;
      const pauseMs = pauseOf(policy, made, environment.random.unit());
      leftMs = untilMs - environment.clock.nowMs() - pauseMs;
      if (leftMs <= 0) throw error;
      await pause(environment, pauseMs, signal);
    }
  }
}

function pauseOf({ backoffMs, backoffMsMax, jitter }: Required<RetryPolicy>, made: number, unit: number): number {
  return Math.min(backoffMs * 2 ** (made - 1), backoffMsMax) * (1 - jitter * unit);
}

function pause({ clock }: Environment, pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(pauseMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
