// Runs the bench: opens the contenders, measures them in turns, closes them.
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { openFloorC } from './contenders/floor-c.ts';
import { DisturbanceMeter } from './disturbance.ts';
import { type Effort, fullEffort, IDLE_BYTES, IDLE_WAIT_MS, quickEffort } from './effort.ts';
import { idleCpuPercent } from './idle-cpu.ts';
import { describeMachine } from './machine.ts';
import { describeMethod } from './method.ts';
import { openNodePair } from './node-pair.ts';
import { type Log, openAll } from './open-all.ts';
import type { Options } from './options.ts';
import type { Place } from './place.ts';
import type { BenchReport } from './report.ts';
import { shuffled } from './shuffled.ts';
import { ratiosOf, Tally } from './tally.ts';
import { visit, visitsOf } from './visit.ts';

/** Between two contenders' idle samples, so that none runs into another. */
const STAGGER_MS = 100;

export async function runBench(options: Options, place: Place, log: Log): Promise<BenchReport> {
  const machine = describeMachine(new Date());
  const effort = options.quick ? quickEffort : fullEffort;
  const { contenders, skipped } = await openAll(
    options.names,
    (name) => (name === 'floor-c' ? openFloorC(place) : openNodePair(name, place)),
    log,
  );
  const run = new Run(options, effort, contenders, log);
  const clockReadNs = await run.clockReads();
  const meter = new DisturbanceMeter(contenders.flatMap(({ pids }) => pids));
  await run.rounds();
  const disturbance = meter.read();
  const results = run.tally.results(options.names);
  const report: BenchReport = {
    machine,
    method: describeMethod(effort),
    rounds: options.rounds,
    quick: options.quick,
    disturbance,
    clockReadNs,
    results,
    ratios: ratiosOf(results),
    idleCpuPercent: await run.leasewireIdleCpuPercent(),
    notes: contenders.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])),
    skipped,
  };
  for (const contender of contenders) await contender.close();
  return report;
}

class Run {
  readonly tally: Tally = new Tally();
  readonly #options: Options;
  readonly #effort: Effort;
  readonly #contenders: readonly Contender[];
  readonly #log: Log;

  constructor(options: Options, effort: Effort, contenders: readonly Contender[], log: Log) {
    this.#options = options;
    this.#effort = effort;
    this.#contenders = contenders;
    this.#log = log;
  }

  async clockReads(): Promise<Readonly<Record<string, number>>> {
    const reads: Record<string, number> = {};
    for (const contender of this.#contenders) reads[contender.name] = await contender.clockReadNs();
    return reads;
  }

  async rounds(): Promise<void> {
    for (let round = 0; round < this.#options.rounds; round++) {
      this.#log(`round ${round + 1} of ${this.#options.rounds}`);
      for (const bytes of this.#options.payloadBytes) {
        for (const contender of shuffled(visitsOf(this.tally, this.#contenders, bytes)))
          await visit(this.tally, this.#effort, contender, bytes);
      }
      await this.#measureIdle();
    }
  }

  async leasewireIdleCpuPercent(): Promise<number | null> {
    const leasewire = this.#contenders.findLast(({ name }) => name.startsWith('leasewire-'));
    if (leasewire === undefined) return null;
    this.#log('idle CPU of leasewire');
    await setTimeout(IDLE_WAIT_MS);
    return idleCpuPercent(leasewire.pids, this.#effort.idleCpuMs);
  }

  /** Each contender waits out its own idleness; their calls are staggered. */
  async #measureIdle(): Promise<void> {
    const samples = new Map(this.#contenders.map((contender) => [contender, [] as number[]]));
    const sweeps = Math.ceil(this.#effort.idleSamplesMin / this.#options.rounds);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      await Promise.all(
        shuffled(this.#contenders).map(async (contender, index) => {
          await setTimeout(index * STAGGER_MS);
          samples.get(contender)?.push(await contender.idleSample(IDLE_BYTES, IDLE_WAIT_MS));
        }),
      );
    }
    for (const [contender, samplesNs] of samples) {
      this.tally.addIdleRound(contender.name, IDLE_BYTES, samplesNs);
    }
  }
}
