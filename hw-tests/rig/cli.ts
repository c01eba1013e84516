// The rig from a terminal: `npm run rig -- --help`.
import { createInterface } from 'node:readline';
import { perform } from './cli-orders.ts';
import { type Options, ORDERS, parseOptions, parseOrder, USAGE, UsageError } from './cli-words.ts';
import { RigError } from './errors.ts';
import { Rig } from './rig.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  await using rig = await Rig.start(options);
  console.error(`up in ${Math.round(rig.startMs)} ms: ${rig.nodes.map((n) => `${n.name} is ${n.address}`).join(', ')}`);
  return await (options.orders.length > 0 ? performGiven(rig, options) : performTyped(rig));
}

/** One after the other, until one fails. Its exit status becomes ours. */
async function performGiven(rig: Rig, { orders }: Options): Promise<number> {
  for (const order of orders) {
    const status = await perform(rig, order, false);
    if (status !== 0) return status;
  }
  return 0;
}

/** Until `quit` or the end of stdin. What fails is said, and the next line read. */
async function performTyped(rig: Rig): Promise<number> {
  console.error(ORDERS);
  const prompt = process.stdin.isTTY ? '> ' : '';
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    prompt,
    terminal: process.stdin.isTTY,
  });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === 'quit') break;
    if (line.trim() !== '') await performLine(rig, line);
    lines.prompt();
  }
  return 0;
}

async function performLine(rig: Rig, line: string): Promise<void> {
  try {
    const status = await perform(rig, parseOrder(line), true);
    if (status !== 0) console.error(`exit status ${status}`);
  } catch (error) {
    if (!(error instanceof RigError || error instanceof UsageError || error instanceof RangeError)) throw error;
    console.error(error.message);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof RigError || error instanceof RangeError)) throw error;
  console.error(error.message);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
