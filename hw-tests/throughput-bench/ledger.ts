// The figures of every visit, gathered while the bench runs, and what the report makes of them.
import { median, type Spread, spread } from '../bench/statistics.ts';
import type { RowName } from './names.ts';

export type UnitName = 'count' | 'duration' | 'bytes' | 'byteRate';

/** Where in its row a figure stands. */
export interface At {
  readonly clients?: number;
  /** Of the clients, how many call; all, unless said. */
  readonly active?: number;
  readonly inFlight?: number;
  readonly bytes?: number;
}

interface Key {
  readonly row: RowName;
  readonly at: At;
  readonly name: string;
  readonly what: string;
  readonly unit: UnitName;
}

export interface Figure extends Key {
  readonly median: number;
  readonly spread: Spread;
  /** One for each visit. */
  readonly values: readonly number[];
  /** Of a visit whose rate was not steady. */
  readonly isShort: boolean;
}

interface Entry {
  readonly key: Key;
  readonly values: number[];
  isShort: boolean;
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();

  add(key: Key, value: number, isShort = false): void {
    const text = JSON.stringify([key.row, key.at, key.name, key.what]);
    const entry = this.#entries.get(text) ?? { key, values: [], isShort: false };
    this.#entries.set(text, entry);
    entry.values.push(value);
    entry.isShort ||= isShort;
  }

  /** In the order of `rows`, of their cells, then of `names`, whatever came first. */
  figures(rows: readonly RowName[], names: readonly string[]): readonly Figure[] {
    const rankOf = ({ row, at, name }: Key) => [
      rows.indexOf(row),
      at.bytes ?? 0,
      at.clients ?? 0,
      at.active === undefined ? 0 : 1,
      at.inFlight ?? 0,
      names.indexOf(name),
    ];
    return [...this.#entries.values()]
      .map(({ key, values, isShort }) => ({ ...key, median: median(values), spread: spread(values), values, isShort }))
      .toSorted((a, b) => compare(rankOf(a), rankOf(b)));
  }
}

export function sameAt(a: At, b: At): boolean {
  return a.clients === b.clients && a.active === b.active && a.inFlight === b.inFlight && a.bytes === b.bytes;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs === -1 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}
