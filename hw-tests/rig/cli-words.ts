// The command line of the rig, and the orders that it takes.
import { parseArgs } from 'node:util';

export const ORDERS = `orders:
  a: COMMAND          runs it on node a with bash; '&' at its end: beside what follows
  link a up|down      puts the cable in, or pulls it
  loss a PERCENT      loses packets that node a sends; likewise duplicate a PERCENT
  delay a MS [JITTER] delays them
  clear a             no impairment any more
  freeze a, thaw a    stops node a in its tracks, lets it go on
  kill a              cuts its power
  log a               what its kernel said
  quit`;

export const USAGE: string = `usage: npm run rig -- [options]
  --nodes N        1: RDMA to itself; 2 (default): RDMA between two nodes, a and b
  --vcpus N        of each node (default 1 of two, 2 of one)
  --memory MIB     of each node (default 1536)
  --exec ORDER     does this and ends, with its exit status; repeatable
  --help
Without --exec it reads orders from stdin. LEASEWIRE_RIG_HOSTS names real hosts in place of virtual machines.
${ORDERS}`;

/** What cannot be understood. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

const nodeVerbs = ['clear', 'freeze', 'thaw', 'kill', 'log'] as const;

export type Order =
  | { readonly verb: 'run'; readonly node: string; readonly command: string; readonly beside: boolean }
  | { readonly verb: 'link'; readonly node: string; readonly up: boolean }
  | { readonly verb: 'loss' | 'duplicate'; readonly node: string; readonly percent: number }
  | { readonly verb: 'delay'; readonly node: string; readonly delayMs: number; readonly jitterMs: number }
  | { readonly verb: (typeof nodeVerbs)[number]; readonly node: string };

export interface Options {
  readonly nodes: 1 | 2;
  readonly vcpus?: number;
  readonly memoryMib?: number;
  readonly orders: readonly Order[];
  readonly help: boolean;
}

export function parseOptions(argv: readonly string[]): Options {
  const { nodes = '2', vcpus, memory, exec = [], help = false } = parse(argv);
  if (nodes !== '1' && nodes !== '2') throw new UsageError(`--nodes: '${nodes}' is neither 1 nor 2`);
  return {
    nodes: nodes === '1' ? 1 : 2,
    ...(vcpus === undefined ? {} : { vcpus: parseNumber('--vcpus', vcpus) }),
    ...(memory === undefined ? {} : { memoryMib: parseNumber('--memory', memory) }),
    orders: exec.map(parseOrder),
    help,
  };
}

function parse(argv: readonly string[]): {
  nodes?: string;
  vcpus?: string;
  memory?: string;
  exec?: string[];
  help?: boolean;
} {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        nodes: { type: 'string' },
        vcpus: { type: 'string' },
        memory: { type: 'string' },
        exec: { type: 'string', multiple: true },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function parseOrder(line: string): Order {
  const [, runner, command] = /^\s*(\w+):\s*(.*\S)\s*$/s.exec(line) ?? [];
  if (runner !== undefined && command !== undefined) return parseRun(runner, command);
  const [verb = '', node, ...rest] = line.trim().split(/\s+/);
  if (node === undefined) throw new UsageError(`'${line}': which node?`);
  return parseWords(verb, node, rest);
}

function parseRun(node: string, command: string): Order {
  // '&&' at the end of a line is no more than a mistake, which bash will call by its name.
  const beside = /(^|[^&])&$/.test(command);
  return { verb: 'run', node, command: beside ? command.slice(0, -1) : command, beside };
}

function parseWords(verb: string, node: string, [first, second = '0', ...rest]: readonly string[]): Order {
  const known = nodeVerbs.find((each) => each === verb);
  if (known !== undefined && first === undefined) return { verb: known, node };
  if (first === undefined || rest.length > 0) throw new UsageError(`'${verb}' is no order, or not a whole one`);
  if (verb === 'delay') return { verb, node, delayMs: parseNumber(verb, first), jitterMs: parseNumber(verb, second) };
  if (verb === 'loss' || verb === 'duplicate') return { verb, node, percent: parseNumber(verb, first) };
  if (verb === 'link' && (first === 'up' || first === 'down')) return { verb, node, up: first === 'up' };
  throw new UsageError(`'${verb} ${node} ${first}' is no order`);
}

function parseNumber(what: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`${what}: '${text}' is not a number`);
  return Number(text);
}
