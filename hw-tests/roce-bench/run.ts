// Runs the bench over RDMA on two nodes that are up: opens the contenders, measures them in turns, closes them.
import type { Contender } from '../bench/contender.ts';
import { describeMachine } from '../bench/machine.ts';
import { type Log, skip } from '../bench/open-all.ts';
import { type Figures, type Skipped, visitFigures } from '../bench/report.ts';
import { shuffled } from '../bench/shuffled.ts';
import { Tally } from '../bench/tally.ts';
import { kernelTroubles } from '../rig/kernel-log.ts';
import type { Rig } from '../rig/rig.ts';
import { callsOf, type Effort, fullEffort, orderOf, quickEffort } from './effort.ts';
import { describeMethod } from './method.ts';
import { type BenchName, type ClientName, isBandwidth, isPerftestName, type PerftestName } from './names.ts';
import { NodeContenders } from './node-contenders.ts';
import { acceleratorOf, machineOf } from './node-machine.ts';
import type { Options } from './options.ts';
import { type PerftestEnd, runPerftest } from './perftest.ts';
import { latencyFigures, parseBandwidth, parseLatency } from './perftest-output.ts';
import { rdmaDeviceOf } from './rdma-device.ts';
import { makeReport, type RoceReport } from './report.ts';
import { sizesOf } from './sizes.ts';

/** Before anything is known of a contender; only perftest's are measured without warming up. */
const NS_PER_CALL_GUESSED = 1e6;
const BULK_NS_GUESSED = 30e6;

interface Job {
  readonly name: BenchName;
  readonly bytes: number;
}

export async function runBench(options: Options, rig: Rig, log: Log): Promise<RoceReport> {
  const effort = options.quick ? quickEffort : fullEffort;
  const [home, away] = [rig.node('a'), rig.node('b')];
  const ends = {
    server: { node: home, device: await rdmaDeviceOf(home) },
    client: { node: away, device: await rdmaDeviceOf(away) },
  };
  const node = await machineOf(home);
  const contenders = new NodeContenders(home, away);
  const run = new Run(options, effort, ends, contenders, log);
  try {
    await run.openAll();
    for (let round = 0; round < options.rounds; round++) await run.round(round);
  } finally {
    await contenders.close();
  }
  const logs = await Promise.all(rig.nodes.map((node) => node.kernelLog()));
  return makeReport({
    machine: describeMachine(new Date()),
    node,
    accelerator: acceleratorOf(node),
    method: describeMethod(effort),
    rounds: options.rounds,
    quick: options.quick,
    latencies: run.tally.results(options.names),
    rates: run.rates,
    skipped: run.skipped,
    notes: logs.flatMap(kernelTroubles).map((line) => `a node's kernel: ${line}`),
  });
}

class Run {
  readonly tally: Tally<BenchName> = new Tally<BenchName>();
  /** Bytes a second, one for each visit. */
  readonly rates: Map<BenchName, number[]> = new Map<BenchName, number[]>();
  readonly skipped: Skipped[] = [];
  readonly #options: Options;
  readonly #effort: Effort;
  readonly #ends: { readonly server: PerftestEnd; readonly client: PerftestEnd };
  readonly #contenders: NodeContenders;
  readonly #log: Log;
  readonly #open = new Map<ClientName, Contender<ClientName>>();
  readonly #nsPerCall = new Map<string, number>();

  constructor(
    options: Options,
    effort: Effort,
    ends: { readonly server: PerftestEnd; readonly client: PerftestEnd },
    contenders: NodeContenders,
    log: Log,
  ) {
    this.#options = options;
    this.#effort = effort;
    this.#ends = ends;
    this.#contenders = contenders;
    this.#log = log;
  }

  async openAll(): Promise<void> {
    for (const name of this.#options.names) {
      if (isPerftestName(name)) continue;
      this.#log(`opening ${name}`);
      await this.#unlessItFails(name, async () => {
        const contender = await this.#contenders.open(name);
        const [bytes = 0] = sizesOf(name, this.#options.sizes);
        this.#nsPerCall.set(name, await contender.warm(bytes, this.#effort.warmMs));
        this.#open.set(name, contender);
      });
    }
  }

  async round(index: number): Promise<void> {
    this.#log(`round ${index + 1} of ${this.#options.rounds}`);
    const jobs = this.#options.names.flatMap((name) =>
      sizesOf(name, this.#options.sizes).map((bytes) => ({ name, bytes })),
    );
    for (const job of shuffled(jobs)) {
      if (this.#isSkipped(job.name)) continue;
      await this.#unlessItFails(job.name, () => this.#visit(job));
    }
  }

  /** What fails is measured no more; the others are. */
  async #unlessItFails(name: BenchName, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.skipped.push(skip(name, error, this.#log));
    }
  }

  #isSkipped(name: BenchName): boolean {
    return this.skipped.some((each) => each.name === name);
  }

  async #visit({ name, bytes }: Job): Promise<void> {
    if (isPerftestName(name)) await this.#visitPerftest(name, bytes);
    else await this.#visitClient(name, bytes);
  }

  async #visitPerftest(name: PerftestName, bytes: number): Promise<void> {
    const guessNs = isBandwidth(name) ? BULK_NS_GUESSED : NS_PER_CALL_GUESSED;
    const iterations = callsOf(this.#effort, name, this.#estimateNs(name, bytes) ?? guessNs);
    const output = await runPerftest({ name, bytes, iterations }, this.#ends.server, this.#ends.client);
    if (isBandwidth(name)) {
      const { bytesPerSecond } = parseBandwidth(output);
      this.#addRate(name, bytesPerSecond);
      this.#nsPerCall.set(name, (bytes * 1e9) / bytesPerSecond);
      return;
    }
    this.#addVisit(name, bytes, latencyFigures(parseLatency(output), name === 'ib_write_lat' ? 2 : 1), iterations);
  }

  async #visitClient(name: ClientName, bytes: number): Promise<void> {
    const contender = this.#open.get(name);
    const nsPerCall = this.#estimateNs(name, bytes);
    if (contender === undefined || nsPerCall === undefined) throw new Error(`${name} was not opened`);
    const order = orderOf(this.#effort, name, bytes, nsPerCall);
    const figures = visitFigures(order, await contender.round(order));
    this.#addVisit(name, bytes, figures, order.singles);
    if (isBandwidth(name)) this.#addRate(name, figures.perSecond * bytes);
  }

  #addVisit(name: BenchName, bytes: number, figures: Figures, samples: number): void {
    if (this.tally.batched(name, bytes) === undefined) this.tally.addRow(name, bytes, false);
    this.tally.addVisit(name, bytes, { figures, samples });
    this.#nsPerCall.set(`${name} ${bytes}`, figures.p50Ns);
  }

  #addRate(name: BenchName, bytesPerSecond: number): void {
    this.rates.set(name, [...(this.rates.get(name) ?? []), bytesPerSecond]);
  }

  /** Of the last visit with that size, else of warming up. */
  #estimateNs(name: BenchName, bytes: number): number | undefined {
    return this.#nsPerCall.get(`${name} ${bytes}`) ?? this.#nsPerCall.get(name);
  }
}
