// The command line of the throughput bench.
import { type CommonOptions, parseCounts, parseRounds, parseWords, UsageError, unique } from '../bench/options.ts';
import { CLIENTS_DEFAULT, CLIENTS_MAX, CLIENTS_QUICK } from './effort.ts';
import { type ContenderName, contenderNames, isOneOf, type RowName, rowNames } from './names.ts';

const ROUNDS_DEFAULT = 5;
const ROUNDS_QUICK = 1;

export const USAGE: string = `usage: npm run bench:throughput -- [options]
  --rounds N        interleaved rounds (default ${ROUNDS_DEFAULT}; ${ROUNDS_QUICK} with --quick)
  --rows A,B,...    some of ${rowNames.join(', ')}
  --clients A,B,... attached clients, 1 to ${CLIENTS_MAX} (default ${CLIENTS_DEFAULT.join(',')}; ${CLIENTS_QUICK.join(',')} with --quick)
  --only A,B,...    some of ${contenderNames.join(', ')}
  --quick           short windows and few clients, for a look: no figures to quote
  --json [FILE]     machine-readable report to FILE, or to stdout in place of the table
  --html FILE       report with plots, one self-contained page
  --help`;

export interface Options extends CommonOptions {
  readonly rows: readonly RowName[];
  readonly clients: readonly number[];
  readonly names: readonly ContenderName[];
}

/** Throws UsageError, which names the option, the value and the limit. */
export function parseOptions(argv: readonly string[]): Options {
  const words = parseWords(argv, ['rows', 'clients']);
  const { quick = false, help = false } = words;
  return {
    rounds: parseRounds(words.rounds, quick ? ROUNDS_QUICK : ROUNDS_DEFAULT),
    rows: parseNames('--rows', 'row', words.rows, rowNames),
    clients: parseClients(words.clients, quick ? CLIENTS_QUICK : CLIENTS_DEFAULT),
    names: parseNames('--only', 'contender', words.only, contenderNames),
    quick,
    jsonFile: words.json,
    htmlFile: words.html,
    help,
  };
}

/** Ascending: clients are attached in that order, and let go at the end of a round. */
function parseClients(text: string | undefined, otherwise: readonly number[]): readonly number[] {
  return text === undefined ? otherwise : parseCounts('--clients', text, CLIENTS_MAX).toSorted((a, b) => a - b);
}

function parseNames<T extends string>(
  option: string,
  kind: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (text === undefined) return known;
  const names = text.split(',').map((name) => {
    if (isOneOf(known, name)) return name;
    throw new UsageError(`${option}: no ${kind} '${name}', there are ${known.join(', ')}`);
  });
  return unique(option, names);
}
