// Runs the bench: opens the contenders, measures them in turns, closes them.
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { openFloorC } from './contenders/floor-c.ts';
import {
  type Effort,
  FAST_CALL_NS_MAX,
  fullEffort,
  IDLE_BYTES,
  IDLE_WAIT_MS,
  quickEffort,
} from './effort.ts';
import { idleCpuPercent } from './idle-cpu.ts';
import { describeMachine, type Machine } from './machine.ts';
import { describeMethod } from './method.ts';
import type { ContenderName } from './names.ts';
import { openNodePair } from './node-pair.ts';
import type { Options } from './options.ts';
import type { Place } from './place.ts';
import { type BenchReport, roundFigures, type Skipped } from './report.ts';
import { firstLine } from './report-table.ts';
import { Tally } from './tally.ts';

/** Lets what was measured before fall asleep. */
const SETTLE_MS = 20;
/** Between two contenders' idle samples, so that none runs into another. */
const STAGGER_MS = 100;
/** Two spinning processes want two cores for themselves. */
const LOAD_QUIET_MAX = 0.5;

export type Log = (line: string) => void;

export async function runBench(options: Options, place: Place, log: Log): Promise<BenchReport> {
  const machine = describeMachine(new Date());
  const effort = options.quick ? quickEffort : fullEffort;
  const { contenders, skipped } = await openAll(options.names, place, log);
  const run = new Run(options, effort, contenders, log);
  const clockReadNs = await run.clockReads();
  await run.rounds();
  const report: BenchReport = {
    machine,
    method: describeMethod(effort),
    rounds: options.rounds,
    quick: options.quick,
    clockReadNs,
    results: run.tally.results(),
    ratios: run.tally.ratios(options.payloadBytes),
    idleCpuPercent: await run.leasewireIdleCpuPercent(),
    notes: [
      ...contenders.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])),
      ...loadNote(machine),
    ],
    skipped,
  };
  for (const contender of contenders) await contender.close();
  return report;
}

function loadNote({ loadBefore }: Machine): readonly string[] {
  if (loadBefore <= LOAD_QUIET_MAX) return [];
  return [
    `the machine was not quiet: a load of ${loadBefore.toFixed(2)} before the bench, above ${LOAD_QUIET_MAX}; measure again`,
  ];
}

async function openAll(
  names: readonly ContenderName[],
  place: Place,
  log: Log,
): Promise<{ readonly contenders: readonly Contender[]; readonly skipped: readonly Skipped[] }> {
  const contenders: Contender[] = [];
  const skipped: Skipped[] = [];
  for (const name of names) {
    try {
      contenders.push(await (name === 'floor-c' ? openFloorC(place) : openNodePair(name, place)));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ name, reason });
      log(`skipped ${name}: ${firstLine(reason)}`);
    }
  }
  return { contenders, skipped };
}

class Run {
  readonly tally: Tally = new Tally();
  readonly #options: Options;
  readonly #effort: Effort;
  readonly #contenders: readonly Contender[];
  readonly #log: Log;
  /** Decided in the first round and kept, so that every round of a row is timed alike. */
  readonly #fast: Map<string, boolean> = new Map();

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
      const inTurn = rotated(this.#contenders, round);
      for (const bytes of this.#options.payloadBytes) {
        for (const contender of inTurn) await this.#measure(contender, bytes);
      }
      await this.#measureIdle(inTurn);
    }
  }

  async leasewireIdleCpuPercent(): Promise<number | null> {
    const leasewire = this.#contenders.findLast(({ name }) => name.startsWith('leasewire-'));
    if (leasewire === undefined) return null;
    this.#log('idle CPU of leasewire');
    await setTimeout(IDLE_WAIT_MS);
    return idleCpuPercent(leasewire.pids, this.#effort.idleCpuMs);
  }

  async #measure(contender: Contender, bytes: number): Promise<void> {
    const key = `${contender.name} ${bytes}`;
    const known = this.#fast.get(key);
    await setTimeout(SETTLE_MS);
    const nsPerCall = await contender.warm(
      bytes,
      known === undefined ? this.#effort.firstWarmMs : this.#effort.warmMs,
    );
    const fast = known ?? nsPerCall < FAST_CALL_NS_MAX;
    this.#fast.set(key, fast);
    const order = { bytes, ...(fast ? this.#effort.fast : this.#effort.slow) };
    const figures = roundFigures(order, await contender.round(order));
    this.tally.addRound(contender.name, bytes, { figures, batched: fast, samples: order.singles });
  }

  /** Each contender waits out its own idleness; their calls are staggered. */
  async #measureIdle(contenders: readonly Contender[]): Promise<void> {
    const samples = contenders.map((): number[] => []);
    const sweeps = Math.ceil(this.#effort.idleSamplesMin / this.#options.rounds);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      await Promise.all(
        contenders.map(async (contender, index) => {
          await setTimeout(index * STAGGER_MS);
          samples[index]?.push(await contender.idleSample(IDLE_BYTES, IDLE_WAIT_MS));
        }),
      );
    }
    for (const [index, contender] of contenders.entries()) {
      this.tally.addIdleRound(contender.name, IDLE_BYTES, samples[index] ?? []);
    }
  }
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
