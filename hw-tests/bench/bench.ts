// The latency bench: `npm run bench -- --help`.
import { runLocalProgram } from './bench-program.ts';
import { parseOptions, USAGE } from './options.ts';
import { renderHtml } from './report-html.ts';
import { renderTable } from './report-table.ts';
import { runBench } from './run.ts';

await runLocalProgram({ usage: USAGE, parseOptions, renderTable, renderHtml, run: runBench });
