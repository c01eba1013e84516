// The commands a client process takes on stdin, one per line, and their form. floor.c reads the same lines.
import type { RoundOrder } from './meter.ts';

export type Command =
  | { readonly verb: 'clock' }
  | { readonly verb: 'warm'; readonly bytes: number; readonly durationMs: number }
  | { readonly verb: 'round'; readonly order: RoundOrder }
  | { readonly verb: 'idle'; readonly bytes: number; readonly waitMs: number };

export function formatCommand(command: Command): string {
  switch (command.verb) {
    case 'clock':
      return 'clock';
    case 'warm':
      return `warm ${command.bytes} ${command.durationMs}`;
    case 'round': {
      const { bytes, batches, singles, untimed } = command.order;
      return `round ${bytes} ${batches} ${singles} ${untimed}`;
    }
    case 'idle':
      return `idle ${command.bytes} ${command.waitMs}`;
  }
}

export function parseCommand(line: string): Command {
  const { verb, numbers } = splitCommand(line, { clock: 0, warm: 2, round: 4, idle: 2 });
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = numbers;
  switch (verb) {
    case 'warm':
      return { verb, bytes: a, durationMs: b };
    case 'round':
      return { verb, order: { bytes: a, batches: b, singles: c, untimed: d } };
    case 'idle':
      return { verb, bytes: a, waitMs: b };
    default:
      return { verb: 'clock' };
  }
}

/** A verb and its whole numbers; `counts` says which verbs there are, and how many numbers each takes. */
export function splitCommand<Verb extends string>(
  line: string,
  counts: Readonly<Record<Verb, number>>,
): { readonly verb: Verb; readonly numbers: readonly number[] } {
  const [word, ...words] = line.split(' ');
  const numbers = words.map(Number);
  const verb = (Object.keys(counts) as Verb[]).find((each) => each === word && counts[each] === numbers.length);
  if (verb === undefined || !numbers.every(Number.isSafeInteger)) {
    throw new Error(`no command of the bench: '${line}'`);
  }
  return { verb, numbers };
}
