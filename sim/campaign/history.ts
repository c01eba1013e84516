// All that happened in one run, as one line each: hashed, so that two runs can be compared; counted where it is rare; and
// kept, if somebody wants to read it. Failures are what the checks found.
import { TraceHash } from './trace-hash.ts';

export type Detail = string | number | boolean;

export class History {
  readonly lines: string[] = [];
  readonly failures: string[] = [];
  /** How often each branch was reached. */
  readonly marks: Map<string, number> = new Map();
  readonly #timeMs: () => number;
  readonly #keep: boolean;
  readonly #hash = new TraceHash();
  #events = 0;

  constructor(timeMs: () => number, keep: boolean) {
    this.#timeMs = timeMs;
    this.#keep = keep;
  }

  get events(): number {
    return this.#events;
  }

  get hash(): string {
    return this.#hash.hex;
  }

  record(who: string, what: string, ...details: readonly Detail[]): void {
    const line = `${this.#timeMs()} ${who} ${what} ${details.join(' ')}`;
    this.#events += 1;
    this.#hash.add(line);
    if (this.#keep) this.lines.push(line);
  }

  mark(branch: string): void {
    this.marks.set(branch, (this.marks.get(branch) ?? 0) + 1);
  }

  fail(who: string, message: string): void {
    this.record(who, 'FAILED', message);
    this.failures.push(`at ${this.#timeMs().toFixed(3)} ms ${who}: ${message}`);
  }
}
