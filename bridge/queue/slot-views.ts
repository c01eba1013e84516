// The bytes of slots, as they are lent. Making a typed array costs more than passing a small item does, so a slot's view is
// kept, for as long as its items are of one length.

/** Slots whose views are kept: some MB of them at most. */
const viewsMax = 16384;

export class SlotViews {
  readonly #arena: Uint8Array;
  readonly #views: (Uint8Array | undefined)[];

  constructor(arena: Uint8Array, slots: number) {
    this.#arena = arena;
    this.#views = new Array(Math.min(slots, viewsMax)).fill(undefined);
  }

  /** `bytes` bytes at `offset`, where `slot` has its item. */
  at(slot: number, offset: number, bytes: number): Uint8Array {
    const kept = this.#views[slot];
    if (kept !== undefined && kept.length === bytes) return kept;
    const view = this.#arena.subarray(offset, offset + bytes);
    if (slot < viewsMax) this.#views[slot] = view;
    return view;
  }
}
