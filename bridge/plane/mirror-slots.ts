// A client's slots where its window is a mirror: both ends of them are here. What arrives from the home is stored by the
// server's end, and looked at by the client's, so that the client goes as it does over shared memory.
import type { SlotLayout } from '../lease/control-page.ts';
import { boardBytes, SlotBoard, type SlotRange } from './slot-board.ts';
import { type ClientEnd, clientEnd, type ServerEnd, serverEnd } from './slot-ends.ts';

export class MirrorSlots {
  readonly #arena: Uint8Array;
  readonly #layout: SlotLayout;
  readonly #board: SlotBoard | undefined;
  #slots: SlotRange;
  #client: ClientEnd;
  #server: ServerEnd;

  /** `arena` is the mirror. */
  constructor(arena: Uint8Array, layout: SlotLayout, slots: SlotRange) {
    this.#arena = arena;
    this.#layout = layout;
    // As large as one for these slots alone, which here begin with 0.
    const { count } = slots;
    this.#board = layout.name === 'slots' ? new SlotBoard(new ArrayBuffer(boardBytes(count)), count) : undefined;
    this.#slots = slots;
    [this.#client, this.#server] = this.#openEnds();
  }

  /** The slots are others from here on, and nothing is under way. */
  restart(slots: SlotRange): void {
    this.#client.restart();
    this.#slots = slots;
    [this.#client, this.#server] = this.#openEnds();
  }

  /** Where a slot is among the client's own. */
  placeOf(slot: number): number {
    return slot - this.#slots.first;
  }

  /** The bytes of a response are in the mirror; its status follows them only now. Publishes: response, to this process. */
  arrived(place: number, status: number): void {
    if (place < this.#slots.count) this.#server.show(this.#slots.first + place, status);
  }

  /** As arrived(), of what is no status. */
  told(place: number, kind: number): void {
    if (place < this.#slots.count) this.#server.tell(this.#slots.first + place, kind);
  }

  look(looks: number): boolean {
    return this.#client.look(looks); // Observes: response.
  }

  next(): number {
    return this.#client.next();
  }

  #openEnds(): [ClientEnd, ServerEnd] {
    const memory = { arena: this.#arena };
    // The board here has no other client's slots, nor their numbers.
    const onBoard = { client: 0, first: 0, count: this.#slots.count };
    return [
      clientEnd(memory, this.#board, this.#layout, this.#slots, onBoard),
      serverEnd(memory, this.#board, this.#layout, this.#slots, onBoard),
    ];
  }
}
