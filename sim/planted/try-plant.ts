// A program of its own, as what is loaded stays loaded: looks for one planted bug, and prints when it was found, and as what.
// Arguments: the bug's name, the first seed, how many seeds.
import { register } from 'node:module';
import type { Plant } from './plant.ts';
import { plantNamed } from './plants.ts';

export interface Finding {
  /** How many seeds that took; 0 if there were not enough. */
  readonly seeds: number;
  readonly failure: string;
}

const [name = '', from = '1', count = '1'] = process.argv.slice(2);
const plant = plantNamed(name);
register<Plant>('./hooks.js', import.meta.url, { data: plant });
const { runCampaign } = await import('../campaign/campaign.ts');

const { failed } = await runCampaign({
  firstSeed: Number(from),
  seeds: Number(count),
  isOver: () => false,
  twiceEvery: 0,
  workloads: plant.workloads,
});
const finding: Finding = {
  seeds: failed === undefined ? 0 : failed.seed - Number(from) + 1,
  failure: failed?.failures[0]?.split('\n')[0] ?? '',
};
console.log(JSON.stringify(finding));
