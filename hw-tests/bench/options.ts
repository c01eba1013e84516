// The command line of the bench.
import { parseArgs } from 'node:util';
import { type ContenderName, contenderNames, isContenderName } from './names.ts';

/** What the classic layout carries in one region: 32768 B less the 17 B header. */
export const PAYLOAD_BYTES_MAX = 32_751;

const PAYLOAD_BYTES_DEFAULT = [8, 64, 1024, 16_384, PAYLOAD_BYTES_MAX] as const;
const ROUNDS_DEFAULT = 5;
const ROUNDS_QUICK = 2;
const ROUNDS_MAX = 1000;

export const STDOUT = '-';

export const USAGE: string = `usage: npm run bench -- [options]
  --rounds N        interleaved rounds (default ${ROUNDS_DEFAULT}; ${ROUNDS_QUICK} with --quick)
  --sizes A,B,...   payload bytes, 1 to ${PAYLOAD_BYTES_MAX} (default ${PAYLOAD_BYTES_DEFAULT.join(',')})
  --only A,B,...    some of ${contenderNames.join(', ')}
  --quick           a twentieth of the calls, for a look: no figures to quote
  --json [FILE]     machine-readable report to FILE, or to stdout in place of the table
  --html FILE       report with latency plots, one self-contained page
  --help`;

/** What every bench can be told. */
export interface CommonOptions {
  readonly rounds: number;
  readonly quick: boolean;
  /** Of the JSON report, or {@link STDOUT}. */
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
  readonly help: boolean;
}

export interface Options extends CommonOptions {
  readonly payloadBytes: readonly number[];
  readonly names: readonly ContenderName[];
}

/** A command line that asks for something the bench cannot do. The message names the option, the value and the limit. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

export function parseOptions(argv: readonly string[]): Options {
  const values = parseWords(argv, ['sizes']);
  const quick = values.quick ?? false;
  return {
    rounds: parseRounds(values.rounds, quick ? ROUNDS_QUICK : ROUNDS_DEFAULT),
    payloadBytes: values.sizes === undefined ? PAYLOAD_BYTES_DEFAULT : parseSizes(values.sizes, PAYLOAD_BYTES_MAX),
    names: values.only === undefined ? contenderNames : unique('--only', parseNames(values.only)),
    quick,
    jsonFile: values.json,
    htmlFile: values.html,
    help: values.help ?? false,
  };
}

interface CommonWords {
  readonly rounds?: string;
  readonly only?: string;
  readonly quick?: boolean;
  readonly json?: string;
  readonly html?: string;
  readonly help?: boolean;
}

/**
 * The words as they stand; what they may be is for the caller. `own`: the options of this bench alone, each with a
 * value. Throws UsageError.
 */
export function parseWords<Own extends string>(
  argv: readonly string[],
  own: readonly Own[],
): CommonWords & { readonly [Name in Own]?: string } {
  const options: Record<string, { readonly type: 'string' | 'boolean' }> = {
    rounds: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'string' },
    html: { type: 'string' },
    help: { type: 'boolean' },
  };
  for (const name of own) options[name] = { type: 'string' };
  try {
    return parseArgs({ args: argv.map(withJsonTarget), options }).values as ReturnType<typeof parseWords<Own>>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** `--json` with no file after it means stdout: parseArgs has no optional values. */
function withJsonTarget(arg: string, index: number, argv: readonly string[]): string {
  if (arg !== '--json') return arg;
  const next = argv[index + 1];
  return next === undefined || next.startsWith('--') ? `--json=${STDOUT}` : arg;
}

export function parseRounds(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseCount('--rounds', text, ROUNDS_MAX);
}

export function parseSizes(text: string, bytesMax: number): readonly number[] {
  return parseCounts('--sizes', text, bytesMax);
}

export function parseCounts(option: string, text: string, max: number): readonly number[] {
  return unique(
    option,
    text.split(',').map((count) => parseCount(option, count, max)),
  );
}

function parseNames(text: string): readonly ContenderName[] {
  return text.split(',').map((name) => {
    if (!isContenderName(name)) {
      throw new UsageError(`--only: no contender '${name}', there are ${contenderNames.join(', ')}`);
    }
    return name;
  });
}

function parseCount(option: string, text: string, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= 1 && count <= max)) throw new UsageError(`${option}: '${text}' is not an integer from 1 to ${max}`);
  return count;
}

export function unique<T>(option: string, values: readonly T[]): readonly T[] {
  const repeated = values.find((value, index) => values.indexOf(value) !== index);
  if (repeated !== undefined) throw new UsageError(`${option}: '${repeated}' is named twice`);
  return values;
}
