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
  const [verb, ...words] = line.split(' ');
  const numbers = words.map(Number);
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = numbers;
  const counts: Readonly<Record<string, number>> = { clock: 0, warm: 2, round: 4, idle: 2 };
  if (!numbers.every(Number.isSafeInteger) || counts[verb ?? ''] !== numbers.length) {
    throw new Error(`no command of the bench: '${line}'`);
  }
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
