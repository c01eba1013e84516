// The bench over RDMA, beside perftest on the same link: `npm run bench:roce -- --help`.
import { runProgram } from '../bench/bench-program.ts';
import { RigError } from '../rig/errors.ts';
import { Rig } from '../rig/rig.ts';
import { parseOptions, USAGE } from './options.ts';
import { renderHtml } from './report-html.ts';
import { renderTable } from './report-table.ts';
import { runBench } from './run.ts';

try {
  await runProgram({
    usage: USAGE,
    parseOptions,
    renderTable,
    renderHtml,
    run: async (options) => {
      await using rig = await Rig.start({ nodes: 2 });
      return await runBench(options, rig, console.error);
    },
  });
} catch (error) {
  if (!(error instanceof RigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
