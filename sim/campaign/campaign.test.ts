// A small campaign in every test run: what failed once, and some seeds besides.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeFailure, runCampaign, shrunken } from './campaign.ts';
import { Chance } from './chance.ts';
import { faultKinds } from './fault.ts';
import { drawPlan } from './plan.ts';
import { runSeed } from './run.ts';
import { rareBranches } from './tally.ts';
import type { WorkloadFactory } from './workload.ts';
import { type WorkloadName, workloadNamed } from './workloads.ts';

interface CorpusEntry {
  readonly seed: number;
  readonly only?: readonly number[];
  readonly workloads?: readonly WorkloadName[];
  readonly what: string;
}

const corpus = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8')) as CorpusEntry[];

test.each(corpus)('seed $seed, which failed once, does not: $what', async ({ seed, only, workloads }) => {
  const report = await runSeed(seed, { ...(only !== undefined && { only }), workloads });
  expect(report.failures.length > 0 ? describeFailure(report, only) : '').toBe('');
});

test('a campaign goes without a failure, and each run comes out alike the second time', async () => {
  const { tally, failed, twice } = await runCampaign({ firstSeed: 1, seeds: 25, isOver: () => false, twiceEvery: 8 });
  expect(failed === undefined ? '' : describeFailure(failed)).toBe('');
  expect([tally.runs, twice]).toEqual([25, 4]);
  expect(tally.nodeHours).toBeGreaterThan(10);
  expect(tally.missedKinds).toEqual([]);
  expect(tally.missed.length).toBeLessThan(rareBranches.length / 2);
  expect(tally.table().split('\n').length).toBeGreaterThan(30);
});

describe('a plan', () => {
  test('is drawn anew for each seed, and alike for the same', () => {
    expect(drawPlan(Chance.of(5))).toEqual(drawPlan(Chance.of(5)));
    expect(drawPlan(Chance.of(5))).not.toEqual(drawPlan(Chance.of(6)));
  });

  test('leaves out each kind of fault in some runs, and has it in others', () => {
    const plans = Array.from({ length: 200 }, (_, seed) => drawPlan(Chance.of(seed)));
    for (const kind of Object.keys(faultKinds)) {
      const having = plans.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length;
      expect([kind, having > 60 && having < 140]).toEqual([kind, true]);
    }
  });
});

describe('a failure', () => {
  /** Fails where a process is killed: a workload whose promise no crash may break. */
  const immortal: WorkloadFactory = (stage) => ({
    start: (actor) => {
      if (actor.node.starts > 1) stage.history.fail(actor.name, 'was killed');
    },
    checkCalm: async () => undefined,
  });

  test('is told with the line that repeats it, and shrinks to the faults that it takes', async () => {
    let seed = 1;
    while (!drawPlan(Chance.of(seed).fork()).faults.some(({ kind }) => kind === 'crash')) seed += 1;
    const options = { workloads: [immortal] };
    const report = await runSeed(seed, options);
    expect(report.failures[0]).toContain('was killed');
    const only = await shrunken(report, options);
    expect(only.map((index) => report.plan.faults[index]?.kind)).toEqual(['crash']);
    expect(describeFailure(report, only)).toContain(`npm run sim -- --seed ${seed} --faults ${only[0]}`);
  });
});

test('a run has the workloads that it is told to, and the line that repeats it says so', async () => {
  const report = await runSeed(3, { workloads: ['queue'] });
  expect([report.plan.workloads, report.failures]).toEqual([['queue'], []]);
  expect([...report.marks.keys()].filter((mark) => mark.startsWith('call'))).toEqual([]);
  expect(report.marks.get('queue: receive')).toBeGreaterThan(0);
  expect(describeFailure(report)).toBe('repeat: npm run sim -- --seed 3 --workloads queue');
  expect(() => workloadNamed('queues')).toThrow(RangeError);
});

test('a run of the same seed has the same trace, whoever reads it', async () => {
  const [read, unread] = [await runSeed(9, { keepLines: true }), await runSeed(9)];
  expect([read.hash, read.events]).toEqual([unread.hash, unread.events]);
  expect(read.lines.length).toBe(read.events);
});
