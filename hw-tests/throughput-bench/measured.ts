// Contenders of one kind that are open. One that fails is ended, told and measured no more; the others are.
import { type Log, openAll, skip } from '../bench/open-all.ts';
import type { Skipped } from '../bench/report.ts';
import { shuffled } from '../bench/shuffled.ts';

interface Contender {
  readonly name: string;
  readonly pids: readonly number[];
  close(): Promise<void>;
  kill(): void;
}

export class Measured<C extends Contender> {
  readonly skipped: Skipped[];
  readonly #kind: string;
  readonly #log: Log;
  readonly #all: readonly C[];
  readonly #failed = new Set<C>();

  private constructor(kind: string, log: Log, all: readonly C[], skipped: readonly Skipped[]) {
    this.#kind = kind;
    this.#log = log;
    this.#all = all;
    this.skipped = [...skipped];
  }

  /** `kind`: what they are, for the report. */
  static async open<Name extends string, C extends Contender>(
    kind: string,
    names: readonly Name[],
    open: (name: Name) => Promise<C>,
    log: Log,
  ): Promise<Measured<C>> {
    const { contenders, skipped } = await openAll(names, open, log);
    return new Measured(kind, log, contenders, skipped);
  }

  get pids(): readonly number[] {
    return this.#living.flatMap(({ pids }) => pids);
  }

  get open(): readonly C[] {
    return this.#living;
  }

  /** Each in turn, in an order that is drawn anew. */
  async each(step: (contender: C) => Promise<void>): Promise<void> {
    for (const contender of shuffled(this.#living)) await this.attempt(contender, step);
  }

  /** Does nothing for one that has failed. */
  async attempt(contender: C, step: (contender: C) => Promise<void>): Promise<void> {
    if (this.#failed.has(contender)) return;
    try {
      await step(contender);
    } catch (error) {
      this.#failed.add(contender);
      contender.kill();
      this.skipped.push(skip(`${contender.name}, ${this.#kind}`, error, this.#log));
    }
  }

  async close(): Promise<void> {
    for (const contender of this.#living) await contender.close();
  }

  get #living(): readonly C[] {
    return this.#all.filter((contender) => !this.#failed.has(contender));
  }
}
