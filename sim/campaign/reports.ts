// What npm run sim prints.
import { describeFailure, runCampaign, shrunken } from './campaign.ts';
import { describeFault } from './fault.ts';
import type { Reach } from './reach.ts';
import { reachReport } from './reach-report.ts';
import { type RunReport, runSeed } from './run.ts';
import type { WorkloadName } from './workloads.ts';

export interface OneRun {
  readonly seed: number;
  readonly only: readonly number[] | undefined;
  readonly trace: boolean;
  readonly workloads: readonly WorkloadName[] | undefined;
}

/** True if it failed. */
export async function runOne({ seed, only, trace, workloads }: OneRun): Promise<boolean> {
  const report = await runSeed(seed, { ...(only !== undefined && { only }), workloads, keepLines: true });
  if (trace) {
    console.log(JSON.stringify(report.plan.shape), report.plan.workloads.join(' '));
    for (const fault of report.plan.faults) console.log(describeFault(fault));
    console.log(report.lines.join('\n'));
  }
  console.log(`seed ${seed}: ${report.events} events, ${report.nodeHours.toFixed(2)} node-hours, trace ${report.hash}`);
  if (report.failures.length > 0) console.log(describeFailure(report, only));
  return report.failures.length > 0;
}

export interface ManyRuns {
  readonly firstSeed: number;
  readonly seeds: number | undefined;
  readonly minutes: number | undefined;
  readonly table: boolean;
  /** Notes what code the runs have reached. */
  readonly reach: Reach | undefined;
  readonly workloads: readonly WorkloadName[] | undefined;
}

const seedsDefault = 1000;
const twiceEvery = 50;

/** True if one failed. */
export async function runMany({ firstSeed, seeds, minutes, table, reach, workloads }: ManyRuns): Promise<boolean> {
  const startMs = performance.now();
  const untilMs = startMs + (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  const count = seeds ?? (minutes === undefined ? seedsDefault : Number.POSITIVE_INFINITY);
  const isOver = () => performance.now() >= untilMs;
  reach?.note();
  const onRun = ({ kinds }: RunReport) => reach?.note(kinds);
  const options = { firstSeed, seeds: count, isOver, twiceEvery, workloads, onRun };
  const { tally, failed, twice } = await runCampaign(options);
  const ranMinutes = (performance.now() - startMs) / 60_000;
  if (table) console.log(tally.table());
  if (reach !== undefined) console.log(reachReport(reach));
  const speed = Math.round(tally.nodeHours / ranMinutes);
  console.log(
    `${tally.runs} seeds, ${tally.events} events, ${tally.nodeHours.toFixed(0)} node-hours in ${ranMinutes.toFixed(2)} min ` +
      `(${speed} node-hours a minute); ${twice} of them twice, alike; trace ${tally.trace.hex}`,
  );
  if (tally.missedKinds.length > 0) console.log(`faults that never came up: ${tally.missedKinds.join(', ')}`);
  if (tally.missed.length > 0) console.log(`branches that were never reached: ${tally.missed.join(', ')}`);
  if (failed === undefined) return false;
  console.log(describeFailure(failed));
  const only = await shrunken(failed, { workloads });
  console.log(`what it takes:\n${describeFailure(await runSeed(failed.seed, { keepLines: true, workloads }), only)}`);
  return true;
}
