// Many runs, one seed after the other, until there are enough, time is up, or one fails. So many of them are done twice,
// and must come out alike.
import { describeFault } from './fault.ts';
import { type RunOptions, type RunReport, runSeed } from './run.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import type { WorkloadName } from './workloads.ts';

export interface CampaignOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Whether time is up. */
  readonly isOver: () => boolean;
  /** Each so-manieth run is done twice; 0 for none. */
  readonly twiceEvery: number;
  /** Instead of those that each plan draws. */
  readonly workloads?: readonly WorkloadName[] | undefined;
  readonly onRun?: (report: RunReport) => void;
}

export interface Campaign {
  readonly tally: Tally;
  /** Of the last run, if that failed. */
  readonly failed: RunReport | undefined;
  readonly twice: number;
}

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { firstSeed, seeds, isOver, twiceEvery, workloads, onRun } = options;
  const tally = new Tally();
  let twice = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds && !isOver(); seed++) {
    let report = await runSeed(seed, { workloads });
    if (twiceEvery > 0 && (seed - firstSeed) % twiceEvery === 0) {
      twice += 1;
      report = compared(report, await runSeed(seed, { workloads }));
    }
    tally.add(report);
    onRun?.(report);
    if (report.failures.length > 0) return { tally, failed: report, twice };
  }
  return { tally, failed: undefined, twice };
}

function compared(first: RunReport, second: RunReport): RunReport {
  if (first.hash === second.hash && first.events === second.events) return first;
  const failure = `the same seed gave two runs: ${first.hash} of ${first.events} events, ${second.hash} of ${second.events}`;
  return { ...first, failures: [failure, ...first.failures] };
}

/** What it takes for a run to fail: a part of its plan's faults, by their places. */
export function shrunken(report: RunReport, options: RunOptions = {}): Promise<readonly number[]> {
  const all = options.only ?? report.plan.faults.map((_, index) => index);
  return shrink(all, async (only) => (await runSeed(report.seed, { ...options, only })).failures.length > 0);
}

/** The line that repeats a run, and what it is. */
export function describeFailure({ seed, plan, told, failures }: RunReport, only?: readonly number[]): string {
  const workloads = told.length === 0 ? '' : ` --workloads ${told.join(',')}`;
  const part = only === undefined ? '' : ` --faults ${only.length === 0 ? 'none' : only.join(',')}`;
  const faults = only?.map((index) => plan.faults[index]).filter((fault) => fault !== undefined) ?? [];
  return [
    ...failures.slice(0, 5),
    ...faults.map((fault) => `  ${describeFault(fault)}`),
    `repeat: npm run sim -- --seed ${seed}${workloads}${part}`,
  ].join('\n');
}
