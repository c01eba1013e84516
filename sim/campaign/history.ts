// All that happened in one run, as one line each: hashed, so that two runs can be compared; counted where it is rare; and
// kept, if somebody wants to read it. Failures are what the checks found.

/** FNV-1a, in two lanes with different beginnings. */
const prime = 0x01000193;
const offsets = [0x811c9dc5, 0x5bd1e995] as const;

export type Detail = string | number | boolean;

export class History {
  readonly lines: string[] = [];
  readonly failures: string[] = [];
  /** How often each branch was reached. */
  readonly marks: Map<string, number> = new Map();
  readonly #timeMs: () => number;
  readonly #keep: boolean;
  #low: number = offsets[0];
  #high: number = offsets[1];
  #events = 0;

  constructor(timeMs: () => number, keep: boolean) {
    this.#timeMs = timeMs;
    this.#keep = keep;
  }

  get events(): number {
    return this.#events;
  }

  get hash(): string {
    const hex = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  record(who: string, what: string, ...details: readonly Detail[]): void {
    const line = `${this.#timeMs()} ${who} ${what} ${details.join(' ')}`;
    this.#events += 1;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ code, prime);
      this.#high = Math.imul(this.#high ^ code, prime) + i;
    }
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
