// The board of a lease with many slots: memory beside the lease, in which its clients and its server tell each other which
// slots to look at. So nobody looks at every slot, and whoever has nothing to say costs nothing. 32-bit words:
//
//     word 16 s        slot s has 16 words; a client has those of its slots as one piece, of 16 n words for n slots:
//
//          0           client sleeps         by the client: not 0 while it waits for its doorbell, another number each time
//          1 … 7 n     submissions           a ring: by the client; the server stores 0 where it has read
//        8 n … 11 n-1  completions           a ring: by the server; the client stores 0 where it has read
//
//     byte 64 S + c        client c calls    1: the server has to look at its submissions (S: slots of the lease)
//     byte 64 (S + G) + g  somebody calls    1: one of clients 64 g … 64 g + 63 does, perhaps (G: S / 64, rounded up)
//
// An entry is 0 where there is none, else the number of a slot among the client's own, from 1, and above it, from bit 24
// on, what to do (see {@link entryKinds}). Both rings hold all that may be under way, so they never run full: for each
// slot there are at most a request, its cancellation, a stream's batch and its word that one was taken, and of the stream
// before it the last three; and at most a response, a stream's batch, and a word that one was taken. For a batch follows the word on the one before, and whoever gives that has read the entry of the batch; and a
// slot's next request follows the answer to the one before. The one word that several write is "somebody calls": clients
// store 1, the server 0.
import { invariant } from '../invariant.ts';

const pageBytes = 4096;
const wordsPerSlot = 16;
export const clientsPerGroup = 64;
const submissionsPerSlot = 7;
const completionsPerSlot = 3;

/** Above the slot's number in an entry. */
export const entryKinds = {
  /** Look at the slot's status. */
  status: 0,
  /** The request in the slot has lost its caller. */
  cancel: 0x1000000,
  /** A batch of a stream's messages is in the slot, see stream-layout.ts. */
  data: 0x2000000,
  /** The batch of a stream's messages in the slot has been taken. */
  taken: 0x3000000,
} as const;
export const entrySlotMask: number = 2 ** 24 - 1;

/** Slots of one lease, and of one client. */
export const boardSlotsMax = 65536;
export const clientSlotsMax = 1024;

/** Bytes of a lease's board: whole pages, so that it can be mapped. */
export function boardBytes(slotCount: number): number {
  const groups = Math.ceil(slotCount / clientsPerGroup);
  return Math.ceil((4 * wordsPerSlot * slotCount + (clientsPerGroup + 1) * groups) / pageBytes) * pageBytes;
}

/** Which slots are one client's: `count` from `first` on. `client` is its number among the lease's clients. */
export interface SlotRange {
  readonly client: number;
  readonly first: number;
  readonly count: number;
}

/** A ring of entries, by one of its ends. Which of a writer's and a reader's methods are used decides which end it is. */
export class EntryRing {
  readonly #words: Int32Array;
  readonly #from: number;
  readonly #end: number;
  #at: number;

  constructor(words: Int32Array, from: number, length: number) {
    this.#words = words;
    this.#from = from;
    this.#end = from + length;
    this.#at = from;
  }

  /** Publishes: entry, and whatever was stored before. */
  push(entry: number): void {
    Atomics.store(this.#words, this.#at, entry);
    if (++this.#at === this.#end) this.#at = this.#from;
  }

  /** Whether an entry is there. Observes: entry. */
  get ready(): boolean {
    return Atomics.load(this.#words, this.#at) !== 0;
  }

  /** Looks up to `looks` times until an entry is there. Observes: entry. */
  look(looks: number): boolean {
    for (let i = 0; i < looks; i++) if (Atomics.load(this.#words, this.#at) !== 0) return true;
    return false;
  }

  /**
   * Takes the next entry; 0 if there is none. The word is the writer's again with what the reader publishes next: a plain
   * store will do.
   */
  shift(): number {
    const entry = Atomics.load(this.#words, this.#at); // Observes: entry.
    if (entry === 0) return 0;
    this.#words[this.#at] = 0;
    if (++this.#at === this.#end) this.#at = this.#from;
    return entry;
  }

  /** From the beginning again: the words have been wiped. */
  restart(): void {
    this.#at = this.#from;
  }
}

export class SlotBoard {
  /** Of length 0 once the memory is gone. */
  readonly words: Int32Array;
  /** "Client calls" by client, and "somebody calls" by group. */
  readonly callers: Uint8Array;
  readonly groups: Uint8Array;
  /** The same, four at a time. */
  readonly callerWords: Int32Array;
  readonly slotCount: number;

  /** Over `boardBytes(slotCount)` bytes from the buffer's beginning. */
  constructor(buffer: ArrayBuffer, slotCount: number) {
    invariant(buffer.byteLength >= boardBytes(slotCount), 'a board has its own bytes');
    const callersAt = slotCount * 4 * wordsPerSlot;
    const groups = Math.ceil(slotCount / clientsPerGroup);
    this.slotCount = slotCount;
    this.words = new Int32Array(buffer, 0, slotCount * wordsPerSlot);
    this.callers = new Uint8Array(buffer, callersAt, groups * clientsPerGroup);
    this.callerWords = new Int32Array(buffer, callersAt, (groups * clientsPerGroup) / 4);
    this.groups = new Uint8Array(buffer, callersAt + groups * clientsPerGroup, groups);
  }

  submissions({ first, count }: SlotRange): EntryRing {
    return new EntryRing(this.words, first * wordsPerSlot + 1, submissionsPerSlot * count);
  }

  completions({ first, count }: SlotRange): EntryRing {
    const half = (wordsPerSlot / 2) * count;
    return new EntryRing(this.words, first * wordsPerSlot + half, completionsPerSlot * count);
  }

  /** The word in which a client says that it sleeps. */
  sleepsWord({ first }: SlotRange): number {
    return first * wordsPerSlot;
  }

  /** The client is gone: nothing of it is left. */
  wipe({ client, first, count }: SlotRange): void {
    this.words.fill(0, first * wordsPerSlot, (first + count) * wordsPerSlot);
    Atomics.store(this.callers, client, 0);
  }

  /** The client has pushed an entry. Publishes: caller, unless the server looks at its submissions anyway. */
  call(client: number): void {
    // Observes: resting. The server stores 0 before it looks a last time, so that what it then misses is called out here.
    if (Atomics.load(this.callers, client) !== 0) return;
    Atomics.store(this.callers, client, 1);
    Atomics.store(this.groups, client >> 6, 1);
  }
}
