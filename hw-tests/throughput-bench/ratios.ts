// What is divided by what: figures of one run, medians over its visits. Of a rate that was not steady there is none.
import { ACTIVE_CLIENTS, ACTIVE_IN_FLIGHT } from './effort.ts';
import { type At, type Figure, sameAt } from './ledger.ts';
import type { RowName } from './names.ts';

export interface Ratio {
  readonly row: RowName;
  /** In words: numerator / denominator. */
  readonly what: string;
  readonly at: At;
  readonly ratio: number;
}

/** Pairs of contenders, whose figures in the same cell are divided. */
const PAIRS: readonly { readonly row: RowName; readonly what: string; readonly pair: readonly [string, string] }[] = [
  { row: 'calls', what: 'calls/s', pair: ['leasewire', 'grpc-js'] },
  { row: 'calls', what: 'calls/s', pair: ['leasewire', 'zeromq'] },
  { row: 'queue', what: 'bytes/s', pair: ['memcpy-c', 'zeromq'] },
  { row: 'queue', what: 'bytes/s', pair: ['ring-c', 'zeromq'] },
  { row: 'queue', what: 'bytes/s', pair: ['memcpy-c', 'leasewire-in-place'] },
  { row: 'queue', what: 'bytes/s', pair: ['ring-c', 'leasewire-in-place'] },
  { row: 'queue', what: 'bytes/s', pair: ['memcpy-c', 'leasewire-copied'] },
  { row: 'queue', what: 'bytes/s', pair: ['ring-c', 'leasewire-copied'] },
  { row: 'latency', what: 'p50', pair: ['leasewire-typed', 'leasewire-await'] },
  { row: 'latency', what: 'p50', pair: ['grpc-js', 'leasewire-await'] },
  { row: 'latency', what: 'p50', pair: ['zeromq', 'leasewire-await'] },
];

export function ratiosOf(figures: readonly Figure[]): readonly Ratio[] {
  return [...pairRatios(figures), ...activeRatios(figures), ...besideRatios(figures)];
}

function pairRatios(figures: readonly Figure[]): readonly Ratio[] {
  return PAIRS.flatMap(({ row, what, pair: [name, over] }) => {
    const ofRow = figures.filter((figure) => figure.row === row && figure.what === what);
    return ofRow
      .filter((figure) => figure.name === name)
      .flatMap((figure) => {
        const divisor = ofRow.find((each) => each.name === over && sameAt(each.at, figure.at));
        return divide(`${what}, ${name} / ${over}`, figure, divisor);
      });
  });
}

/** Few that call among many that are attached, against as few alone. */
function activeRatios(figures: readonly Figure[]): readonly Ratio[] {
  const alone = figures.filter(
    ({ row, at }) =>
      row === 'calls' && at.active === undefined && at.clients === ACTIVE_CLIENTS && at.inFlight === ACTIVE_IN_FLIGHT,
  );
  return figures
    .filter(({ row, at }) => row === 'calls' && at.active === ACTIVE_CLIENTS)
    .flatMap((figure) => {
      const what = `calls/s, ${figure.name}, ${ACTIVE_CLIENTS} of ${figure.at.clients} / ${ACTIVE_CLIENTS} of ${ACTIVE_CLIENTS}`;
      return divide(
        what,
        figure,
        alone.find(({ name }) => name === figure.name),
      );
    });
}

function besideRatios(figures: readonly Figure[]): readonly Ratio[] {
  return figures
    .filter(({ row, what }) => row === 'beside' && what === 'p99 beside')
    .flatMap((figure) => {
      const alone = figures.find((each) => each.what === 'p99 alone' && each.name === figure.name);
      return divide(`p99, ${figure.name}, beside a greedy client / alone`, figure, alone);
    });
}

function divide(what: string, figure: Figure, divisor: Figure | undefined): readonly Ratio[] {
  return divisor === undefined || figure.isShort || divisor.isShort
    ? []
    : [{ row: figure.row, what, at: figure.at, ratio: figure.median / divisor.median }];
}
