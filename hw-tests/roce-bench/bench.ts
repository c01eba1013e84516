// The bench over RDMA, beside perftest on the same link: `npm run bench:roce -- --help`.
import { writeFileSync } from 'node:fs';
import { checkWritable } from '../bench/check-writable.ts';
import { STDOUT, UsageError } from '../bench/options.ts';
import { RigError } from '../rig/errors.ts';
import { Rig } from '../rig/rig.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import type { RoceReport } from './report.ts';
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
  await using rig = await Rig.start({ nodes: 2 });
  const report = await runBench(options, rig, console.error);
  publish(report, options);
  return report.skipped.length === 0 ? 0 : EXIT_INCOMPLETE;
}

function publish(report: RoceReport, { jsonFile, htmlFile }: Options): void {
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  if (jsonFile === STDOUT) process.stdout.write(json);
  else process.stdout.write(renderTable(report));
  if (jsonFile !== undefined && jsonFile !== STDOUT) writeFileSync(jsonFile, json);
  if (htmlFile !== undefined) writeFileSync(htmlFile, renderHtml(report));
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof RigError)) throw error;
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1;
}
