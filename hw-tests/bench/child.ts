// What the bench's client and server processes share: their arguments, their replies, their end.
import { writeSync } from 'node:fs';

const STDOUT_FD = 1;

/** Runs `main` with this process's two arguments and exits, whatever handles a contender leaves open. */
export async function runChild(main: (name: string, directory: string) => Promise<void>): Promise<never> {
  const [, , name, directory] = process.argv;
  try {
    if (name === undefined || directory === undefined) throw new Error('usage: NAME DIRECTORY');
    await main(name, directory);
  } catch (error) {
    printReply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exit(1);
  }
  process.exit(0);
}

/** Written whole before it returns: the process may exit right after. */
export function printReply(reply: object): void {
  const line = Buffer.from(`${JSON.stringify(reply)}\n`);
  let written = 0;
  while (written < line.length) written += writeSync(STDOUT_FD, line, written);
}
