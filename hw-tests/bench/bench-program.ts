// What the programs of the benches have in common: their help, their reports, and how they end.
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Log } from './open-all.ts';
import { type CommonOptions, STDOUT, UsageError } from './options.ts';
import { Place } from './place.ts';

const EXIT_INCOMPLETE = 1;
const EXIT_USAGE = 2;

interface Report {
  readonly skipped: readonly unknown[];
}

export interface Bench<O extends CommonOptions, R extends Report> {
  readonly usage: string;
  /** Throws UsageError. */
  readonly parseOptions: (argv: readonly string[]) => O;
  readonly run: (options: O) => Promise<R>;
  readonly renderTable: (report: R) => string;
  readonly renderHtml: (report: R) => string;
}

/** Does what the command line says. Sets the exit status: 0, 1 if something was skipped, 2 for a wrong command line. */
export async function runProgram<O extends CommonOptions, R extends Report>(bench: Bench<O, R>): Promise<void> {
  try {
    process.exitCode = await obey(bench, bench.parseOptions(process.argv.slice(2)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${bench.usage}`);
    process.exitCode = EXIT_USAGE;
  }
}

/** The same for a bench whose processes and directory are on this machine: they are gone however it ends. */
export function runLocalProgram<O extends CommonOptions, R extends Report>(
  bench: Omit<Bench<O, R>, 'run'> & { readonly run: (options: O, place: Place, log: Log) => Promise<R> },
): Promise<void> {
  const run = (options: O) => {
    const place = new Place();
    place.clearOnExit();
    return bench.run(options, place, console.error);
  };
  return runProgram({ ...bench, run });
}

async function obey<O extends CommonOptions, R extends Report>(bench: Bench<O, R>, options: O): Promise<number> {
  if (options.help) {
    console.log(bench.usage);
    return 0;
  }
  checkWritable('--json', options.jsonFile);
  checkWritable('--html', options.htmlFile);
  const report = await bench.run(options);
  publish(bench, report, options);
  return report.skipped.length === 0 ? 0 : EXIT_INCOMPLETE;
}

/** Asked before the minutes of measuring, not after them. */
function checkWritable(option: string, file: string | undefined): void {
  if (file === undefined || file === STDOUT) return;
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option}: cannot write '${file}'`, { cause: error });
  }
}

function publish<O extends CommonOptions, R extends Report>(
  { renderTable, renderHtml }: Bench<O, R>,
  report: R,
  { jsonFile, htmlFile }: CommonOptions,
): void {
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  process.stdout.write(jsonFile === STDOUT ? json : renderTable(report));
  if (jsonFile !== undefined && jsonFile !== STDOUT) writeFileSync(jsonFile, json);
  if (htmlFile !== undefined) writeFileSync(htmlFile, renderHtml(report));
}
