// The command line of the bench over RDMA.
import { type CommonOptions, parseRounds, parseSizes, parseWords, UsageError, unique } from '../bench/options.ts';
import { type BenchName, benchNames, isBenchName } from './names.ts';
import { SIZE_BYTES_MAX } from './sizes.ts';

const SIZES_DEFAULT = [8, 64, 1024, 4096, SIZE_BYTES_MAX] as const;
const ROUNDS_DEFAULT = 3;

export const USAGE: string = `usage: npm run bench:roce -- [options]
  --rounds N        interleaved rounds (default ${ROUNDS_DEFAULT})
  --sizes A,B,...   bytes, 1 to ${SIZE_BYTES_MAX} (default ${SIZES_DEFAULT.join(',')})
  --only A,B,...    some of ${benchNames.join(', ')}
  --quick           a fifth of the calls, for a look: no figures to quote
  --json [FILE]     machine-readable report to FILE, or to stdout in place of the table
  --html FILE       report with latency plots, one self-contained page
  --help
LEASEWIRE_RIG_HOSTS names real hosts in place of two virtual machines.`;

export interface Options extends CommonOptions {
  readonly sizes: readonly number[];
  readonly names: readonly BenchName[];
}

/** Throws UsageError, which names the option, the value and the limit. */
export function parseOptions(argv: readonly string[]): Options {
  const { rounds, sizes, only, quick = false, json, html, help = false } = parseWords(argv, ['sizes']);
  return {
    rounds: parseRounds(rounds, ROUNDS_DEFAULT),
    sizes: sizes === undefined ? SIZES_DEFAULT : parseSizes(sizes, SIZE_BYTES_MAX),
    names: only === undefined ? benchNames : unique('--only', only.split(',').map(parseName)),
    quick,
    jsonFile: json,
    htmlFile: html,
    help,
  };
}

function parseName(name: string): BenchName {
  if (isBenchName(name)) return name;
  throw new UsageError(`--only: no contender '${name}', there are ${benchNames.join(', ')}`);
}
