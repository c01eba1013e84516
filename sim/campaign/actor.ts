// One process of a run, from its start to its death: what a workload needs to act in it. All that it does, it does by its
// process's clock.
import { FabricDns, FabricError, RemoteError } from '#bridge';
import type { Process } from '../process.ts';
import type { Chance } from './chance.ts';
import type { Detail } from './history.ts';
import type { Node } from './node.ts';
import type { Stage } from './stage.ts';

export class Actor {
  readonly stage: Stage;
  readonly node: Node;
  readonly process: Process;
  readonly dns: FabricDns;
  readonly chance: Chance;
  readonly name: string;
  readonly #sleepers = new Set<() => void>();

  constructor(stage: Stage, node: Node, process: Process, chance: Chance) {
    this.stage = stage;
    this.node = node;
    this.process = process;
    this.chance = chance;
    this.name = `${node.name}#${node.starts}`;
    this.dns = new FabricDns(process.agent, process.registry, stage.peersOf(node));
  }

  /** Does something on the side; what it throws is a failure of the run. */
  spawn(task: () => Promise<void>): void {
    task().catch((error) => this.fail(`${(error as Error).stack}`));
  }

  /** Until the time has passed, or the run enters another phase. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = this.process.clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }

  /** As long as this run's processes take between two things. */
  pause(): Promise<void> {
    const { paceMs } = this.stage.shape;
    return this.sleep(this.stage.calm ? this.chance.between(50, 1000) : this.chance.octaves(paceMs / 8, paceMs * 2));
  }

  /** The run is in another phase. */
  phaseChanged(): void {
    this.process.clock.after(0, () => {
      for (const wake of [...this.#sleepers]) wake();
    });
  }

  record(what: string, ...details: readonly Detail[]): void {
    this.stage.history.record(this.name, what, ...details);
  }

  mark(branch: string): void {
    this.stage.history.mark(branch);
  }

  fail(message: string): void {
    this.stage.history.fail(this.name, message);
  }

  /** What went wrong with an operation, in a word. A failure of the run, if no program should ever see that. */
  errorOf(what: string, error: unknown): string {
    if (error instanceof RemoteError) return `RemoteError ${error.kind}`;
    if (!(error instanceof FabricError) || error.code === 'MalformedFrame') {
      this.fail(`${what} failed with ${error instanceof Error ? error.stack : error}`);
      return 'nonsense';
    }
    const word = error.mayHaveExecuted ? `${error.code}, perhaps executed` : error.code;
    this.mark(`${what}: ${word}`);
    return word;
  }
}
