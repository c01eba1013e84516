// Opens contenders one after the other. One that cannot be opened is skipped, and told; the others are measured.
import type { Skipped } from './report.ts';
import { firstLine } from './report-table.ts';

export type Log = (line: string) => void;

export interface Opened<C> {
  readonly contenders: readonly C[];
  readonly skipped: readonly Skipped[];
}

export async function openAll<Name extends string, C>(
  names: readonly Name[],
  open: (name: Name) => Promise<C>,
  log: Log,
): Promise<Opened<C>> {
  const contenders: C[] = [];
  const skipped: Skipped[] = [];
  for (const name of names) {
    try {
      contenders.push(await open(name));
    } catch (error) {
      skipped.push(skip(name, error, log));
    }
  }
  return { contenders, skipped };
}

/** What is kept of a contender that failed. */
export function skip(name: string, error: unknown, log: Log): Skipped {
  const reason = error instanceof Error ? error.message : String(error);
  log(`skipped ${name}: ${firstLine(reason)}`);
  return { name, reason };
}
