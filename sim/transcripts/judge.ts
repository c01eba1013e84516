// Holds what was seen against what the simulator allows: a trace is allowed if some seed gives it. Of a script that is
// determined every seed has to.
import { type Script, sameTrace, type Trace } from './script.ts';
import { type Bend, simulate } from './simulated.ts';

export type Verdict =
  /** The first seed that gave this trace. */
  | { readonly allowed: true; readonly seed: number }
  /** Every trace that the seeds gave instead. */
  | { readonly allowed: false; readonly instead: readonly Trace[] };

export interface JudgeOptions {
  /** How many seeds are tried, from 1 on. */
  readonly seeds?: number;
  /** Changes the model first. */
  readonly bend?: Bend;
}

/** A determined script needs few: they are all alike. */
const seedsWhereDetermined = 6;
const seedsOtherwise = 200;

export async function judge(script: Script, trace: Trace, options: JudgeOptions = {}): Promise<Verdict> {
  const { seeds = script.determined ? seedsWhereDetermined : seedsOtherwise, bend } = options;
  const instead: Trace[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const given = await simulate(script, seed, bend);
    const same = sameTrace(given, trace);
    if (same && !script.determined) return { allowed: true, seed };
    if (!same && !instead.some((each) => sameTrace(each, given))) instead.push(given);
  }
  return script.determined && instead.length === 0 ? { allowed: true, seed: 1 } : { allowed: false, instead };
}

/** Why a trace is refused: the allowed one that goes along with it for longest, and where they part. */
export function describeRefusal({ name }: Script, trace: Trace, instead: readonly Trace[]): string {
  const partsAt = (other: Trace) => {
    const index = other.findIndex((line, at) => line !== trace[at]);
    return index < 0 ? other.length : index;
  };
  const [nearest = []] = [...instead].sort((one, other) => partsAt(other) - partsAt(one));
  const at = partsAt(nearest);
  const line = (of: Trace) => of[at] ?? 'nothing more';
  return `${name}: seen "${line(trace)}", where the simulator allows "${line(nearest)}"\n${trace.join('\n')}`;
}
