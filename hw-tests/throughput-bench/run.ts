// Runs the throughput bench: opens the contenders, measures them in turns, closes them.
import type { Contender } from '../bench/contender.ts';
import { DisturbanceMeter } from '../bench/disturbance.ts';
import { describeMachine } from '../bench/machine.ts';
import { openNodePair } from '../bench/node-pair.ts';
import type { Log } from '../bench/open-all.ts';
import type { Place } from '../bench/place.ts';
import { Tally } from '../bench/tally.ts';
import { type Effort, fullEffort, quickEffort } from './effort.ts';
import { Fleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { limitsOf } from './load-plane.ts';
import { besideRound, callsRound, measureMemory } from './load-rows.ts';
import { Measured } from './measured.ts';
import { describeMethod } from './method.ts';
import { contenderNames, contenderOf, latencyNames, loadNames, queueNames, type RowName } from './names.ts';
import type { Options } from './options.ts';
import { latencyRound, queueRound } from './other-rows.ts';
import { openQueue, type Queue } from './queue.ts';
import { ratiosOf } from './ratios.ts';
import type { ThroughputReport } from './report.ts';

interface Contenders {
  readonly fleets: Measured<Fleet>;
  readonly queues: Measured<Queue>;
  readonly pairs: Measured<Contender>;
}

export async function runBench(options: Options, place: Place, log: Log): Promise<ThroughputReport> {
  const machine = describeMachine(new Date());
  const run = new Run(options, place, log);
  const contenders = await run.openAll();
  const all = Object.values(contenders) as Measured<Fleet | Queue | Contender>[];
  const meter = new DisturbanceMeter(all.flatMap(({ pids }) => pids));
  for (let round = 0; round < options.rounds; round++) await run.round(round, contenders);
  const disturbance = meter.read();
  for (const each of all) await each.close();
  const memorySkipped = await run.memoryRounds();
  const figures = run.ledger.figures(options.rows, [...latencyNames, ...queueNames, ...contenderNames]);
  return {
    machine,
    method: describeMethod(options.rows, run.effort),
    rounds: options.rounds,
    quick: options.quick,
    disturbance,
    rows: options.rows,
    figures,
    ratios: ratiosOf(figures),
    notes: [...limitNotes(options), ...contenders.queues.open.flatMap(({ note }) => note ?? [])],
    skipped: [...all.flatMap(({ skipped }) => skipped), ...memorySkipped],
  };
}

class Run {
  readonly ledger: Ledger = new Ledger();
  readonly effort: Effort;
  readonly #options: Options;
  readonly #place: Place;
  readonly #log: Log;
  readonly #tally: Tally = new Tally();

  constructor(options: Options, place: Place, log: Log) {
    this.effort = options.quick ? quickEffort : fullEffort;
    this.#options = options;
    this.#place = place;
    this.#log = log;
  }

  /** Only those whose rows are asked for. */
  async openAll(): Promise<Contenders> {
    const place = this.#place;
    return {
      fleets: await Measured.open(
        'under load',
        this.#names(['calls', 'beside'], loadNames),
        (name) => this.#openFleet(name, `${name}-fleet`),
        this.#log,
      ),
      queues: await Measured.open(
        'as a queue',
        this.#names(['queue'], queueNames),
        (name) => openQueue(name, place),
        this.#log,
      ),
      pairs: await Measured.open(
        'single calls',
        this.#names(['latency'], latencyNames),
        (name) => openNodePair(name, place),
        this.#log,
      ),
    };
  }

  async round(index: number, { fleets, queues, pairs }: Contenders): Promise<void> {
    const { rounds, rows, clients } = this.#options;
    this.#log(`round ${index + 1} of ${rounds}`);
    if (rows.includes('calls')) await callsRound(fleets, clients, this.effort, this.ledger);
    if (rows.includes('beside')) await besideRound(fleets, this.effort, this.ledger);
    await queueRound(queues, this.effort, this.ledger);
    await latencyRound(pairs, this.#tally, this.effort, this.ledger);
  }

  /** With contenders of their own, after all that is timed. */
  async memoryRounds(): Promise<Measured<Fleet>['skipped']> {
    const rounds = Math.min(this.#options.rounds, this.effort.memoryRoundsMax);
    const names = this.#names(['memory'], loadNames);
    const skipped: Measured<Fleet>['skipped'] = [];
    for (let round = 0; round < rounds && names.length > 0; round++) {
      this.#log(`memory, round ${round + 1} of ${rounds}`);
      const open = (name: (typeof loadNames)[number]) => this.#openFleet(name, `${name}-memory-${round}`);
      const fleets = await Measured.open('memory', names, open, this.#log);
      await fleets.each((fleet) => measureMemory(fleet, Math.max(...this.#options.clients), this.ledger));
      await fleets.close();
      skipped.push(...fleets.skipped);
    }
    return skipped;
  }

  #openFleet(name: (typeof loadNames)[number], directory: string): Promise<Fleet> {
    return Fleet.open(name, directory, this.#place, Math.max(...this.#options.clients));
  }

  #names<T extends string>(rows: readonly RowName[], names: readonly T[]): readonly T[] {
    if (!rows.some((row) => this.#options.rows.includes(row))) return [];
    return names.filter((name) => this.#options.names.some((wanted) => wanted === contenderOf(name)));
  }
}

function limitNotes({ names }: Options): readonly string[] {
  return loadNames.flatMap((name) => {
    const limits = limitsOf(name);
    return limits === undefined || !names.includes(name)
      ? []
      : [`${name}: ${limits.reason}; what needs more was not measured`];
  });
}
