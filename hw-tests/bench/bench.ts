// The latency bench: `npm run bench -- --help`.
import { writeFileSync } from 'node:fs';
import { checkWritable } from './check-writable.ts';
import { type Options, parseOptions, STDOUT, USAGE, UsageError } from './options.ts';
import { Place } from './place.ts';
import type { BenchReport } from './report.ts';
import { renderHtml } from './report-html.ts';
import { renderTable } from './report-table.ts';
import { runBench } from './run.ts';

const EXIT_INCOMPLETE = 1;
const EXIT_USAGE = 2;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  checkWritable('--json', options.jsonFile);
  checkWritable('--html', options.htmlFile);
  const place = new Place();
  place.clearOnExit();
  const report = await runBench(options, place, console.error);
  publish(report, options);
  return report.skipped.length === 0 ? 0 : EXIT_INCOMPLETE;
}

function publish(report: BenchReport, { jsonFile, htmlFile }: Options): void {
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  if (jsonFile === STDOUT) {
    process.stdout.write(json);
  } else {
    process.stdout.write(renderTable(report));
    if (jsonFile !== undefined) writeFileSync(jsonFile, json);
  }
  if (htmlFile !== undefined) writeFileSync(htmlFile, renderHtml(report));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
}
