// Rates from what processes have counted.
import { numberIn } from '../bench/contender.ts';
import type { Reply } from '../bench/line-process.ts';

export interface Rate {
  readonly perSecond: number;
  /** No steady rate: the load ended before its window, or fewer answers were counted than calls were in flight. */
  readonly isShort: boolean;
}

/** Of several processes together, from replies with what a CountWindow counted; `countMin` is wanted of all together. */
export function rateOf(replies: readonly Reply[], countMin = 0): Rate {
  const count = replies.reduce((total, reply) => total + numberIn(reply, 'count'), 0);
  return {
    perSecond: replies.reduce((total, reply) => total + perSecondIn(reply), 0),
    isShort: count < countMin || replies.some((reply) => reply['isWhole'] === false),
  };
}

function perSecondIn(reply: Reply): number {
  return (numberIn(reply, 'count') * 1000) / numberIn(reply, 'elapsedMs');
}
