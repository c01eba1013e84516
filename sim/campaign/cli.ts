// npm run sim: a campaign, one run of it, or the search for a planted bug. What it prints on failure repeats the failure.
import { register } from 'node:module';
import { parseArgs } from 'node:util';
import { plantNamed, plants } from '../planted/plants.ts';

const usage = `npm run sim -- [--seed N [--faults none|1,4,…] [--trace]] | [--from N] [--seeds N] [--minutes N] [--table]
             [--reach] [--workloads NAME,…] [--plant NAME | --plants]
  --seed N      one run, or the part of it with those of its faults; --trace prints each event
  --from N      the campaign's first seed, 1
  --seeds N     how many, 1000 unless there is a time
  --minutes N   how long
  --table       prints which faults met which branches
  --reach       prints how much of bridge's code that ran, what never, and what with which faults; slower
  --workloads   what processes do, instead of what each seed draws
  --plant NAME  the same with one of the bugs of sim/planted/plants.ts in the code
  --plants      how many seeds it takes to find each of them`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    faults: { type: 'string' },
    trace: { type: 'boolean', default: false },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    table: { type: 'boolean', default: false },
    reach: { type: 'boolean', default: false },
    workloads: { type: 'string' },
    plant: { type: 'string' },
    plants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.plant !== undefined) {
  register('../planted/hooks.js', import.meta.url, { data: plantNamed(values.plant) });
}

// Only now, so that a planted bug is in what they load.
if (values.help) console.log(usage);
else if (values.plants) await import('../planted/hunt.ts').then(({ huntAll }) => huntAll(plants));
else await main();

async function main(): Promise<void> {
  // Before the code is loaded that it looks at.
  const reach = values.reach ? await import('./reach.ts').then(({ Reach }) => new Reach()) : undefined;
  const { runOne, runMany } = await import('./reports.ts');
  const { workloadNamed } = await import('./workloads.ts');
  const workloads = values.workloads?.split(',').map(workloadNamed);
  const seed = numberOf('seed', values.seed);
  const failed =
    seed === undefined
      ? await runMany({
          firstSeed: numberOf('from', values.from) ?? 1,
          seeds: numberOf('seeds', values.seeds),
          minutes: numberOf('minutes', values.minutes),
          table: values.table,
          reach,
          workloads,
        })
      : await runOne({ seed, only: faultsOf(values.faults), trace: values.trace, workloads });
  process.exitCode = failed ? 1 : 0;
}

function faultsOf(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  return text === 'none' ? [] : text.split(',').map((each) => numberOf('faults', each) ?? 0);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(`--${name} takes a number, not ${JSON.stringify(text)}\n${usage}`);
}
