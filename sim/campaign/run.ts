// One run: a seed, or a part of what it draws, from the first process to the last byte given back. The same seed gives
// the same run, event for event.
import { Chance } from './chance.ts';
import type { Fault, FaultKind } from './fault.ts';
import { Injector } from './injector.ts';
import { drawPlan, type Plan } from './plan.ts';
import { Stage } from './stage.ts';
import type { WorkloadFactory } from './workload.ts';
import { makersOf, type WorkloadName } from './workloads.ts';

export interface RunOptions {
  /** Which of the plan's faults happen, by their place in it. All, unless told. */
  readonly only?: readonly number[];
  /** Whether every event is kept as a line to read. */
  readonly keepLines?: boolean;
  /** Instead of those that the plan draws. */
  readonly workloads?: readonly (WorkloadName | WorkloadFactory)[] | undefined;
}

export interface RunReport {
  readonly seed: number;
  readonly plan: Plan;
  /** Those that it was told to have instead of what the plan draws. */
  readonly told: readonly WorkloadName[];
  /** Empty where all went as it must. */
  readonly failures: readonly string[];
  readonly hash: string;
  readonly events: number;
  readonly nodeHours: number;
  readonly marks: ReadonlyMap<string, number>;
  readonly kinds: ReadonlySet<FaultKind>;
  readonly lines: readonly string[];
}

/** After this much without trouble everything works: a silent peer is given up after 20 s, and looked for once a second. */
const graceMs = 30_000;
const verifyMs = 15_000;
const endMs = 30_000;
const slicesOfChaos = 20;

export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const chance = Chance.of(seed);
  const drawn = drawPlan(chance.fork());
  const { only, keepLines = false, workloads = drawn.workloads } = options;
  const plan = {
    ...drawn,
    workloads: workloads.filter((each) => typeof each === 'string'),
    faults: only === undefined ? drawn.faults : only.map((index) => faultAt(drawn, index)),
  };
  const stage = new Stage({
    seed,
    shape: plan.shape,
    chance: chance.fork(),
    driftOf: (node) => driftIn(plan, node),
    keepLines,
    workloads: makersOf(workloads),
  });
  await withoutStacks(keepLines, () =>
    withUncaught(stage, () => play(stage, new Injector(stage, plan, chance.fork(), chance.fork()))),
  );
  return reportOf(seed, plan, stage, options.workloads === undefined ? [] : plan.workloads);
}

/** Throws RangeError for a place that has none. */
function faultAt({ faults }: Plan, index: number): Fault {
  const fault = faults[index];
  if (fault !== undefined) return fault;
  throw new RangeError(`the plan has ${faults.length} faults, and none at ${index}`);
}

function driftIn({ faults, shape }: Plan, node: number): number {
  const nodes = shape.homes + shape.holders;
  return faults.find(({ kind, target }) => kind === 'drifting clock' && target % nodes === node)?.strength ?? 0;
}

async function play(stage: Stage, injector: Injector): Promise<void> {
  const { clock } = stage.world;
  const failed = () => stage.history.failures.length > 0;
  for (const node of stage.nodes) stage.start(node);
  injector.start();
  stage.watchHolders();
  for (let slice = 0; slice < slicesOfChaos && !failed(); slice++) {
    await clock.advance(stage.shape.chaosMs / slicesOfChaos);
  }
  if (failed()) return;
  injector.calm();
  stage.enter('grace');
  await clock.advance(graceMs);
  stage.enter('verify');
  await clock.advance(verifyMs);
  for (const workload of stage.workloads) await clock.run(workload.checkCalm());
  if (failed()) return;
  stage.enter('end');
  await end(stage);
}

/** Everything is closed: nothing is left, unless somebody was killed, whose handles nobody closes. */
async function end(stage: Stage): Promise<void> {
  const { world, history, nodes, kills } = stage;
  await world.clock.advance(endMs);
  for (const { process } of nodes) process?.agent.close();
  await world.clock.advance(endMs);
  for (const { name, process } of nodes) {
    const channels = process?.poolCard?.open ?? 0;
    const left = { carriers: process?.transport.open, sessions: process?.card.open, channels };
    if (Object.values(left).some((each) => each !== 0)) history.fail(name, `leaves behind ${JSON.stringify(left)}`);
  }
  if (kills > 0) return;
  for (const { number, book } of stage.pool?.hosts ?? []) {
    const kept = book.usedBytes - book.fencedBytes;
    if (kept > 0) history.fail(`host ${number}`, `${kept} bytes of the pool are left in use`);
  }
  const { attachments } = world.machine;
  if (attachments.open > 0) history.fail('machine', `${attachments.open} handles are left open`);
  if (world.clock.pending > 0) history.fail('machine', `${world.clock.pending} events are still to come`);
}

/** Hundreds of errors are made, and where is of interest only to who reads a run. */
async function withoutStacks(keep: boolean, run: () => Promise<void>): Promise<void> {
  const { stackTraceLimit } = Error;
  if (!keep) Error.stackTraceLimit = 0;
  try {
    await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What nobody catches is a failure of the run in which it happens. */
async function withUncaught(stage: Stage, play: () => Promise<void>): Promise<void> {
  const onUncaught = (error: unknown) => {
    stage.history.fail('somebody', `nobody caught ${error instanceof Error ? error.stack : error}`);
  };
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  for (const event of events) process.on(event, onUncaught);
  try {
    await play();
  } catch (error) {
    onUncaught(error);
  } finally {
    for (const event of events) process.off(event, onUncaught);
  }
}

function reportOf(
  seed: number,
  plan: Plan,
  { world, history, nodes }: Stage,
  told: readonly WorkloadName[],
): RunReport {
  history.record('stage', 'is over', world.random.unit());
  return {
    seed,
    plan,
    told,
    failures: history.failures,
    hash: history.hash,
    events: history.events,
    nodeHours: (nodes.length * world.clock.timeMs) / 3_600_000,
    marks: history.marks,
    kinds: new Set(plan.faults.map(({ kind }) => kind)),
    lines: history.lines,
  };
}
