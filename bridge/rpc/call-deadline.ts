// A call's deadline: what it may be, and what its passing means.
import { DeadlineExceeded } from '../errors.ts';

/** Milliseconds from the call; Infinity for none. Throws RangeError for what is not ahead. */
export function checkDeadline(deadlineMs: number): number {
  if (deadlineMs > 0) return deadlineMs;
  throw new RangeError(`a deadline lies ahead: more than 0 ms, not ${deadlineMs}`);
}

export function deadlineExceeded(mayHaveExecuted: boolean): DeadlineExceeded {
  const fate = mayHaveExecuted ? 'the request was posted and may still run' : 'the request was never posted';
  return new DeadlineExceeded(`no response before the call's deadline; ${fate}`, { mayHaveExecuted });
}
