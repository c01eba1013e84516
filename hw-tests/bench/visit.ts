// One visit to a contender: warming up, then the timed calls, tallied.
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { type Effort, FAST_CALL_NS_MAX, FAST_VISITS } from './effort.ts';
import { type Figures, visitFigures } from './report.ts';
import type { Tally } from './tally.ts';

/** Lets what was measured before fall asleep. */
export const SETTLE_MS = 20;

type CallEffort = Pick<Effort, 'firstWarmMs' | 'warmMs' | 'fast' | 'slow'>;

/** Whom to visit in a round: each once in the first one, when it is not yet known who is fast. */
export function visitsOf<Name extends string>(
  tally: Tally<Name>,
  contenders: readonly Contender<Name>[],
  bytes: number,
): readonly Contender<Name>[] {
  return contenders.flatMap((contender) =>
    Array<Contender<Name>>(tally.batched(contender.name, bytes) ? FAST_VISITS : 1).fill(contender),
  );
}

/** The first visit decides whether the row is timed in batches. */
export async function visit<Name extends string>(
  tally: Tally<Name>,
  effort: CallEffort,
  contender: Contender<Name>,
  bytes: number,
): Promise<Figures> {
  const { name } = contender;
  const known = tally.batched(name, bytes);
  await setTimeout(SETTLE_MS);
  const nsPerCall = await contender.warm(bytes, known === undefined ? effort.firstWarmMs : effort.warmMs);
  const fast = known ?? nsPerCall < FAST_CALL_NS_MAX;
  if (known === undefined) tally.addRow(name, bytes, fast);
  const order = { bytes, ...(fast ? effort.fast : effort.slow) };
  const figures = visitFigures(order, await contender.round(order));
  tally.addVisit(name, bytes, { figures, samples: order.singles });
  return figures;
}
