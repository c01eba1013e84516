// The two ends of a client's slots as far as memory goes: how a status gets where the other side looks. Planes add how
// the bytes travel, and how a sleeper is woken. Where client and server see the same memory, each uses its own end; where
// they do not, each side has both: the far one's stand-in stores what arrives.
import type { SlotLayout } from '../lease/control-page.ts';
import { requestStatusAt, responseStatusAt } from '../rpc/classic-layout.ts';
import { statusAt } from '../rpc/slots-layout.ts';
import { entryKinds, type SlotBoard, type SlotRange } from './slot-board.ts';

/** Client's side. */
export interface ClientEnd {
  /** Shows the server that `slot` stands as `status`. Publishes: request, and whatever was stored before. */
  show(slot: number, status: number): void;
  /** Tells the server something else about a slot: one of {@link entryKinds}. */
  tell(slot: number, kind: number): void;
  /** Looks up to `looks` times whether something is answered. Observes: response. */
  look(looks: number): boolean;
  /** What is answered next: an entry of the board, whose slot number is among the client's own, from 1; 0 for nothing. */
  next(): number;
  /** The memory was wiped: nothing is under way. */
  restart(): void;
}

/** Server's side, for one client. */
export interface ServerEnd {
  /** Shows the client that `slot` stands as `status`. Publishes: response, and whatever was stored before. */
  show(slot: number, status: number): void;
  /** Tells the client something else about a slot: one of {@link entryKinds}. */
  tell(slot: number, kind: number): void;
}

interface Memory {
  readonly arena: Uint8Array;
}

/** The classic layout: one slot, and the status byte itself is what is looked at. */
class ClassicClientEnd implements ClientEnd {
  readonly #arena: Uint8Array;

  constructor({ arena }: Memory) {
    this.#arena = arena;
  }

  show(_slot: number, status: number): void {
    Atomics.store(this.#arena, requestStatusAt, status); // Publishes: request.
  }

  tell(): void {
    // There is no place for it.
  }

  look(looks: number): boolean {
    const arena = this.#arena;
    for (let i = 0; i < looks; i++) if (Atomics.load(arena, responseStatusAt) !== 0) return true; // Observes: response.
    return false;
  }

  next(): number {
    return this.look(1) ? 1 : 0;
  }

  /** What stands there may be an answer to what was posted before. */
  restart(): void {
    this.#arena[responseStatusAt] = 0;
  }
}

class ClassicServerEnd implements ServerEnd {
  readonly #arena: Uint8Array;

  constructor({ arena }: Memory) {
    this.#arena = arena;
  }

  show(_slot: number, status: number): void {
    Atomics.store(this.#arena, responseStatusAt, status); // Publishes: response.
  }

  tell(): void {
    // There is no place for it.
  }
}

/** A queue is looked at by its indices: nothing is shown of its slot. */
const queueEnd: ClientEnd & ServerEnd = {
  show: () => undefined,
  tell: () => undefined,
  look: () => false,
  next: () => 0,
  restart: () => undefined,
};

/** One side of a client's part of the board: pushes to one ring, and takes from the other. */
class BoardClientEnd implements ClientEnd {
  readonly #arena: Uint8Array;
  readonly #stride: number;
  readonly #first: number;
  readonly #board: SlotBoard;
  readonly #onBoard: SlotRange;
  readonly #out;
  readonly #in;

  constructor({ arena }: Memory, board: SlotBoard, { slotStride }: SlotLayout, first: number, onBoard: SlotRange) {
    this.#arena = arena;
    this.#stride = slotStride;
    this.#board = board;
    this.#first = first;
    this.#onBoard = onBoard;
    this.#out = board.submissions(onBoard);
    this.#in = board.completions(onBoard);
  }

  show(slot: number, status: number): void {
    this.#arena[slot * this.#stride + statusAt] = status; // Ordered by the entry.
    this.tell(slot, entryKinds.status);
  }

  tell(slot: number, kind: number): void {
    this.#out.push(kind | (slot - this.#first + 1)); // Publishes: request.
    this.#board.call(this.#onBoard.client);
  }

  look(looks: number): boolean {
    return this.#in.look(looks); // Observes: response.
  }

  next(): number {
    return this.#in.shift();
  }

  restart(): void {
    this.#board.wipe(this.#onBoard);
    this.#out.restart();
    this.#in.restart();
  }
}

class BoardServerEnd implements ServerEnd {
  readonly #arena: Uint8Array;
  readonly #stride: number;
  readonly #first: number;
  readonly #out;

  constructor({ arena }: Memory, board: SlotBoard, { slotStride }: SlotLayout, first: number, onBoard: SlotRange) {
    this.#arena = arena;
    this.#stride = slotStride;
    this.#first = first;
    this.#out = board.completions(onBoard);
  }

  show(slot: number, status: number): void {
    this.#arena[slot * this.#stride + statusAt] = status; // Ordered by the entry.
    this.tell(slot, entryKinds.status);
  }

  tell(slot: number, kind: number): void {
    this.#out.push(kind | (slot - this.#first + 1)); // Publishes: response.
  }
}

/**
 * The client's end of its slots. `onBoard` is where they are on the board, if that is a board of theirs alone. The classic
 * layout has no board.
 */
export function clientEnd(
  memory: Memory,
  board: SlotBoard | undefined,
  layout: SlotLayout,
  slots: SlotRange,
  onBoard: SlotRange = slots,
): ClientEnd {
  if (layout.name === 'queue') return queueEnd;
  if (board === undefined) return new ClassicClientEnd(memory);
  return new BoardClientEnd(memory, board, layout, slots.first, onBoard);
}

/** As clientEnd(), of the server's. */
export function serverEnd(
  memory: Memory,
  board: SlotBoard | undefined,
  layout: SlotLayout,
  slots: SlotRange,
  onBoard: SlotRange = slots,
): ServerEnd {
  if (layout.name === 'queue') return queueEnd;
  if (board === undefined) return new ClassicServerEnd(memory);
  return new BoardServerEnd(memory, board, layout, slots.first, onBoard);
}
