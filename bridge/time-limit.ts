// Waiting for something, but not for ever.
import type { Clock } from './environment.ts';
import { DeadlineExceeded } from './errors.ts';

/** Settles as `promise` does, or rejects with DeadlineExceeded after `ms`; what comes of it later is dropped. */
export function within<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new DeadlineExceeded(`${what} took more than ${ms} ms`)));
    promise.finally(() => timer.cancel()).then(resolve, reject);
  });
}
