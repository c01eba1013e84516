// The figures of every visit to a contender, gathered while the bench runs.
import type { ContenderName } from './names.ts';
import { type Figures, figureSpread, idleFigures, medianFigures, type Ratio, type Result, ratioOf } from './report.ts';

/** Pairs whose p50s the report divides. */
const RATIOS: readonly (readonly [ContenderName, ContenderName])[] = [
  ['leasewire-sync', 'floor-c'],
  ['leasewire-await', 'floor-c'],
  ['leasewire-typed', 'leasewire-await'],
  ['unix-socket', 'leasewire-await'],
  ['grpc-js', 'leasewire-await'],
];

export interface Visit {
  readonly figures: Figures;
  /** Singly timed calls. */
  readonly samples: number;
}

interface Row<Name extends string> {
  readonly name: Name;
  readonly bytes: number;
  readonly batched: boolean;
  readonly visits: Visit[];
}

interface IdleRow<Name extends string> {
  readonly name: Name;
  readonly bytes: number;
  readonly roundsNs: (readonly number[])[];
}

export class Tally<Name extends string = ContenderName> {
  readonly #rows: Row<Name>[] = [];
  readonly #idleRows: IdleRow<Name>[] = [];

  /** Opens a row. Every visit of a row is timed alike. */
  addRow(name: Name, bytes: number, batched: boolean): void {
    this.#rows.push({ name, bytes, batched, visits: [] });
  }

  /** Whether the row is timed in batches; undefined if there is no such row yet. */
  batched(name: Name, bytes: number): boolean | undefined {
    return this.#find(name, bytes)?.batched;
  }

  addVisit(name: Name, bytes: number, visit: Visit): void {
    const row = this.#find(name, bytes);
    if (row === undefined) throw new Error(`no row of ${name} at ${bytes} B to add a visit to`);
    row.visits.push(visit);
  }

  addIdleRound(name: Name, bytes: number, samplesNs: readonly number[]): void {
    const row = this.#idleRows.find((candidate) => candidate.name === name);
    if (row === undefined) this.#idleRows.push({ name, bytes, roundsNs: [samplesNs] });
    else row.roundsNs.push(samplesNs);
  }

  /** By payload, then in the order of `names`; idle rows last. */
  results(names: readonly Name[]): readonly Result[] {
    const inOrder = (a: Row<Name> | IdleRow<Name>, b: Row<Name> | IdleRow<Name>) =>
      a.bytes - b.bytes || names.indexOf(a.name) - names.indexOf(b.name);
    return [...this.#rows.toSorted(inOrder).map(resultOf), ...this.#idleRows.toSorted(inOrder).map(idleResultOf)];
  }

  #find(name: Name, bytes: number): Row<Name> | undefined {
    return this.#rows.find((row) => row.name === name && row.bytes === bytes);
  }
}

export function ratiosOf(results: readonly Result[]): readonly Ratio[] {
  return RATIOS.flatMap(([name, over]) =>
    results
      .filter((result) => result.name === name)
      .flatMap((numerator) => {
        const denominator = results.find((result) => result.name === over && result.bytes === numerator.bytes);
        return denominator === undefined ? [] : [ratioOf(numerator, denominator)];
      }),
  );
}

function resultOf({ name, bytes, batched, visits }: Row<string>): Result {
  const figures = visits.map((visit) => visit.figures);
  return {
    name,
    bytes,
    ...medianFigures(figures),
    p50From: batched ? 'batches' : 'singles',
    samples: visits.reduce((total, visit) => total + visit.samples, 0),
    spread: figureSpread(figures),
  };
}

function idleResultOf({ name, bytes, roundsNs }: IdleRow<string>): Result {
  const all = roundsNs.flat();
  return {
    name: `${name}-idle`,
    bytes,
    ...idleFigures(all),
    p50From: 'singles',
    samples: all.length,
    spread: figureSpread(roundsNs.map(idleFigures)),
  };
}
