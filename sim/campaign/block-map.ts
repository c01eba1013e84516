// Which pieces of one file's code were run, in how many runs, and with which faults: the file is cut wherever the engine ever
// said that one piece ran and the next did not.
import type { FaultKind } from './fault.ts';

/** As the engine tells it: the pieces of one function, each within the one before it or after it. */
export interface CoveredFunction {
  readonly functionName: string;
  readonly ranges: readonly CoveredRange[];
}

export interface CoveredRange {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface Block {
  /** Where it begins, and where the next one does, in the built file. */
  readonly from: number;
  readonly to: number;
  /** Whether it ran at all, loading included. */
  readonly reached: boolean;
  readonly runs: number;
  readonly runsWith: ReadonlyMap<FaultKind, number>;
}

interface Counts {
  readonly from: number;
  reached: boolean;
  runs: number;
  readonly runsWith: Map<FaultKind, number>;
}

export class BlockMap {
  readonly #length: number;
  #blocks: Counts[];

  constructor(length: number) {
    this.#length = length;
    this.#blocks = [{ from: 0, reached: false, runs: 0, runsWith: new Map() }];
  }

  /** What ran since the last time: in a run with such faults, or, without any list, as the file was loaded. */
  add(functions: readonly CoveredFunction[], kinds: Iterable<FaultKind> | undefined): void {
    const ranges = functions.flatMap((each) => each.ranges).sort(outerFirst);
    this.#cut(ranges);
    const ran = this.#ran(ranges);
    const list = kinds === undefined ? [] : [...kinds];
    this.#blocks.forEach((block, index) => {
      if (ran[index] !== 1) return;
      block.reached = true;
      if (kinds === undefined) return;
      block.runs += 1;
      for (const kind of list) block.runsWith.set(kind, (block.runsWith.get(kind) ?? 0) + 1);
    });
  }

  get blocks(): Block[] {
    return this.#blocks.map((block, index) => ({ ...block, to: this.#blocks[index + 1]?.from ?? this.#length }));
  }

  /** Each range is made of whole blocks from here on: a part of a block ran as often as that did. */
  #cut(ranges: readonly CoveredRange[]): void {
    const known = new Set(this.#blocks.map(({ from }) => from));
    const cuts = new Set(ranges.flatMap(({ startOffset, endOffset }) => [startOffset, endOffset]));
    const fresh = [...cuts].filter((cut) => cut < this.#length && !known.has(cut)).sort((a, b) => a - b);
    if (fresh.length === 0) return;
    const blocks: Counts[] = [];
    let next = 0;
    this.#blocks.forEach((block, index) => {
      blocks.push(block);
      const end = this.#blocks[index + 1]?.from ?? this.#length;
      for (; next < fresh.length && (fresh[next] as number) < end; next++) {
        blocks.push({ ...block, from: fresh[next] as number, runsWith: new Map(block.runsWith) });
      }
    });
    this.#blocks = blocks;
  }

  #ran(ranges: readonly CoveredRange[]): Uint8Array {
    const at = new Map(this.#blocks.map(({ from }, index) => [from, index]));
    const ran = new Uint8Array(this.#blocks.length);
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, at.get(startOffset) ?? 0, at.get(endOffset) ?? this.#blocks.length);
    }
    return ran;
  }
}

function outerFirst(a: CoveredRange, b: CoveredRange): number {
  return a.startOffset - b.startOffset || b.endOffset - a.endOffset;
}
