// How the programs of this folder talk to the test that started them: JSON lines, each with an `event`, on stdout; words
// on stdin. A program whose stdin ends has lost its test, and ends too.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const STDOUT_FD = 1;
const waiting: ((line: string) => void)[] = [];
const unheard: string[] = [];

/** Says an event, whole before it returns: the process may be killed right after. */
export function say(event: string, fields: object = {}): void {
  const line = Buffer.from(`${JSON.stringify({ event, ...fields })}\n`);
  let written = 0;
  while (written < line.length) written += writeSync(STDOUT_FD, line, written);
}

/** An error as it is told. */
export function errorFacts(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { name, message, mayHaveExecuted } = error as Error & { mayHaveExecuted?: boolean };
  return { name, message, mayHaveExecuted };
}

/** Says whether an attempt succeeded, and by CLOCK_MONOTONIC, which all processes share, when it ended. */
export async function sayOutcome(event: string, attempt: () => unknown): Promise<void> {
  try {
    await attempt();
    say(event, { ok: true, atMs: monotonicMs() });
  } catch (error) {
    say(event, { ok: false, atMs: monotonicMs(), ...errorFacts(error) });
  }
}

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The next line of stdin. Begins to listen when first called. */
export function hear(): Promise<string> {
  listen();
  const early = unheard.shift();
  if (early !== undefined) return Promise.resolve(early);
  return new Promise((resolve) => {
    waiting.push(resolve);
  });
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const hearer = waiting.shift();
    if (hearer === undefined) unheard.push(line);
    else hearer(line);
  });
  lines.on('close', () => process.exit(0));
}

/** Argument `index` of the command line, counted from 0. */
export function argument(index: number): string {
  const value = process.argv[index + 2];
  if (value === undefined) throw new Error(`argument ${index} is missing`);
  return value;
}
