// The latency bench: `npm run bench -- --help`.
import { runProgram } from './bench-program.ts';
import { parseOptions, USAGE } from './options.ts';
import { Place } from './place.ts';
import { renderHtml } from './report-html.ts';
import { renderTable } from './report-table.ts';
import { runBench } from './run.ts';

await runProgram({
  usage: USAGE,
  parseOptions,
  renderTable,
  renderHtml,
  run: async (options) => {
    const place = new Place();
    place.clearOnExit();
    return runBench(options, place, console.error);
  },
});
