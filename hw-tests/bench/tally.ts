// The figures of every round, gathered while the bench runs.
import type { ContenderName } from './names.ts';
import {
  type Figures,
  figureSpread,
  idleFigures,
  medianFigures,
  type Ratio,
  type Result,
  ratioOf,
} from './report.ts';

/** Pairs whose p50s the report divides. */
const RATIOS: readonly (readonly [ContenderName, ContenderName])[] = [
  ['leasewire-sync', 'floor-c'],
  ['leasewire-await', 'floor-c'],
  ['unix-socket', 'leasewire-await'],
  ['grpc-js', 'leasewire-await'],
];

interface Row {
  readonly name: ContenderName;
  readonly bytes: number;
  readonly rounds: { readonly figures: Figures; readonly batched: boolean; readonly samples: number }[];
}

export class Tally {
  readonly #rows: Row[] = [];
  readonly #idle: { readonly name: ContenderName; readonly bytes: number; readonly roundsNs: number[][] }[] =
    [];

  addRound(name: ContenderName, bytes: number, round: Row['rounds'][number]): void {
    const row = this.#find(name, bytes);
    if (row === undefined) this.#rows.push({ name, bytes, rounds: [round] });
    else row.rounds.push(round);
  }

  addIdleRound(name: ContenderName, bytes: number, samplesNs: number[]): void {
    const row = this.#idle.find((candidate) => candidate.name === name);
    if (row === undefined) this.#idle.push({ name, bytes, roundsNs: [samplesNs] });
    else row.roundsNs.push(samplesNs);
  }

  results(): readonly Result[] {
    return [...this.#rows.map(resultOf), ...this.#idle.map(idleResultOf)];
  }

  ratios(payloadBytes: readonly number[]): readonly Ratio[] {
    return RATIOS.flatMap(([name, over]) =>
      payloadBytes.flatMap((bytes) => {
        const numerators = this.#find(name, bytes)?.rounds;
        const denominators = this.#find(over, bytes)?.rounds;
        if (numerators === undefined || denominators === undefined) return [];
        const p50s = numerators.map(
          (round, index) => [round.figures.p50Ns, denominators[index]?.figures.p50Ns ?? Number.NaN] as const,
        );
        return [ratioOf(name, over, bytes, p50s)];
      }),
    );
  }

  #find(name: ContenderName, bytes: number): Row | undefined {
    return this.#rows.find((row) => row.name === name && row.bytes === bytes);
  }
}

function resultOf(row: Row): Result {
  const rounds = row.rounds.map((round) => round.figures);
  return {
    name: row.name,
    bytes: row.bytes,
    ...medianFigures(rounds),
    p50From: row.rounds[0]?.batched ? 'batches' : 'singles',
    samples: row.rounds.reduce((total, round) => total + round.samples, 0),
    spread: figureSpread(rounds),
  };
}

function idleResultOf(row: { name: ContenderName; bytes: number; roundsNs: number[][] }): Result {
  const all = row.roundsNs.flat();
  return {
    name: `${row.name}-idle`,
    bytes: row.bytes,
    ...idleFigures(all),
    p50From: 'singles',
    samples: all.length,
    spread: figureSpread(row.roundsNs.map(idleFigures)),
  };
}
