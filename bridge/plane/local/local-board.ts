// A lease's board on this machine: a sealed memfd of its own, mapped by the home and by every holder with slots.
import type { Descriptor, Mapping } from '#native';
import { boardBytes, SlotBoard } from '../slot-board.ts';
import { createShared, mapGranted } from './shared-memory.ts';

export class LocalBoard {
  readonly board: SlotBoard;
  readonly #mapping: Mapping;

  private constructor(mapping: Mapping, slotCount: number) {
    this.#mapping = mapping;
    this.board = new SlotBoard(mapping.buffer, slotCount);
  }

  /** At home. The descriptor is the caller's. */
  static create(slotCount: number): { readonly memfd: Descriptor; readonly own: LocalBoard } {
    const { memfd, mapping } = createShared(boardBytes(slotCount), false);
    return { memfd, own: new LocalBoard(mapping, slotCount) };
  }

  /** At a holder, over what the home shared. */
  static map(memfd: Descriptor, slotCount: number): LocalBoard {
    return new LocalBoard(mapGranted(memfd, boardBytes(slotCount)), slotCount);
  }

  /** Every view is emptied, then the memory goes. */
  close(): void {
    this.#mapping.close();
  }
}
