// A call's deadline: what it may be, and what its passing means.
import { Cancelled, DeadlineExceeded } from '../errors.ts';

/** Milliseconds from the call; Infinity for none. Throws RangeError for what is not ahead. */
export function checkDeadline(deadlineMs: number): number {
  if (deadlineMs > 0) return deadlineMs;
  throw new RangeError(`a deadline lies ahead: more than 0 ms, not ${deadlineMs}`);
}

/** Throws Cancelled where the signal has aborted already, TypeError for what is none. */
export function checkSignal(signal: AbortSignal): void {
  if (!(signal instanceof AbortSignal)) throw new TypeError('a signal is an AbortSignal');
  if (signal.aborted) throw cancelled(signal, false);
}

export function cancelled(signal: AbortSignal, mayHaveExecuted: boolean): Cancelled {
  const fate = mayHaveExecuted ? 'the request was posted and may still run' : 'the request was never posted';
  return new Cancelled(`the call was cancelled; ${fate}`, { cause: signal.reason, mayHaveExecuted });
}

export function deadlineExceeded(mayHaveExecuted: boolean): DeadlineExceeded {
  const fate = mayHaveExecuted ? 'the request was posted and may still run' : 'the request was never posted';
  return new DeadlineExceeded(`no response before the call's deadline; ${fate}`, { mayHaveExecuted });
}
