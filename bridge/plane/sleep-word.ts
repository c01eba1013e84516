// Where one side of a lease's slots says that it sleeps, on every plane whose two sides see the same memory.
import { clientSleepsWord } from '../lease/control-page.ts';
import type { Window } from './plane.ts';
import type { SlotBoard, SlotRange } from './slot-board.ts';

/** A word that is not 0 while its owner sleeps, and another number each time. */
export interface SleepWord {
  readonly words: Int32Array;
  readonly index: number;
}

/** That of the client of these slots. */
export function clientSleeps({ control }: Window, board: SlotBoard | undefined, slots: SlotRange): SleepWord {
  if (board === undefined) return { words: control.words, index: clientSleepsWord };
  return { words: board.words, index: board.sleepsWord(slots) };
}
