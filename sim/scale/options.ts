// What `npm run sim:scale` may be told.
import { parseArgs } from 'node:util';

export const usage = `npm run sim:scale -- [--nodes 10,100,…] [--leases-per-node N] [--looks N] [--message-us N] [--silent]
                  [--seed N] [--out DIR]
  --nodes N,…          the sizes, 10,100,1000,10000
  --leases-per-node N  leases that each node holds of others, 10
  --looks N            nodes that are asked for services in one round, 30000: as many nodes watch as that allows
  --message-us N       how long a node takes for a control message that it gets, 30
  --silent             a tenth of the nodes falls silent, as machines without power do, instead of being killed
  --seed N             of everything that is drawn, 1
  --out DIR            where scale.json and scale.svg go; nowhere unless it is said`;

export interface ScaleOptions {
  readonly sizes: readonly number[];
  readonly leasesPerNode: number;
  readonly looks: number;
  readonly messageMs: number;
  readonly silent: boolean;
  readonly seed: number;
  readonly out: string | undefined;
}

const sizeMax = 100_000;
const leasesPerNodeMax = 10_000;

/** Undefined where help is asked for. Throws RangeError, which says what is allowed, or parseArgs' own TypeError. */
export function scaleOptions(args: readonly string[]): ScaleOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '10,100,1000,10000' },
      'leases-per-node': { type: 'string', default: '10' },
      looks: { type: 'string', default: '30000' },
      'message-us': { type: 'string', default: '30' },
      silent: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const sizes = values.nodes.split(',').map((each) => integer('nodes', each, 2, sizeMax));
  return {
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    leasesPerNode: integer('leases-per-node', values['leases-per-node'], 1, leasesPerNodeMax),
    looks: integer('looks', values.looks, 1, Number.MAX_SAFE_INTEGER),
    messageMs: integer('message-us', values['message-us'], 0, 1_000_000) / 1000,
    silent: values.silent,
    seed: integer('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    out: values.out,
  };
}

/** As many as ask no more nodes in one round than that, but one at least. */
export function watchersOf(nodes: number, looks: number): number {
  return Math.min(nodes, Math.max(1, Math.floor(looks / nodes)));
}

function integer(name: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new RangeError(`--${name} takes whole numbers from ${min} to ${max}, not ${JSON.stringify(text)}\n${usage}`);
}
