// npm run sim:scale: the control plane's real code on more and more simulated nodes; how what it costs grows, and where it
// stops.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './figures.ts';
import { conclusions } from './growth.ts';
import { measureLeaseMemory } from './lease-memory.ts';
import { type ScaleOptions, scaleOptions, usage, watchersOf } from './options.ts';
import { plot } from './plot.ts';
import { runScale } from './run.ts';
import { legend, memoryLine, table } from './table.ts';

const leaseMs = 30_000;

const options = scaleOptions(process.argv.slice(2));
if (options === undefined) console.log(usage);
else await main(options);

async function main({ sizes, leasesPerNode, looks, messageMs, silent, seed, out }: ScaleOptions): Promise<void> {
  const memory = await measureLeaseMemory();
  const rows: Row[] = [];
  for (const nodes of sizes) {
    const watchers = watchersOf(nodes, looks);
    rows.push(await runScale({ nodes, leasesPerNode, watchers, leaseMs, messageMs, silent, seed }));
    console.error(`${table(rows)}\n`);
  }
  const said = [memoryLine(memory), ...conclusions(rows, messageMs)];
  console.log(`${table(rows)}\n\n${legend}\n\n${said.join('\n')}`);
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(
    join(out, 'scale.json'),
    `${JSON.stringify({ seed, memory, rows, conclusions: said }, undefined, 2)}\n`,
  );
  writeFileSync(join(out, 'scale.svg'), plot(rows));
}
