// Rates from what processes have counted.
import { numberIn } from '../bench/contender.ts';
import type { Reply } from '../bench/line-process.ts';

/** A second, in a reply that has a count-window's result. */
export function rateIn(reply: Reply): number {
  return (numberIn(reply, 'count') * 1000) / numberIn(reply, 'elapsedMs');
}
