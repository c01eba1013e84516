// What a hostile client writes in the memory of a lease that it is attached to: in its own slots until another has them, or,
// where nobody else has any, wherever it likes.
import { type Attached, type Clock, entryKinds, SlotBoard } from '#bridge';
import type { MemoryAttachment } from '../memory-attachment.ts';
import { MemoryDoorbell } from '../memory-doorbell.ts';
import { MemorySegment } from '../memory-window.ts';
import type { Chance } from './chance.ts';
import type { ClientSlots } from './granted.ts';
import { hostileMethodId, type Prey } from './prey-ledger.ts';

const sessionShift = 12;
const looksMax = 40;
const statuses = [0, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 255] as const;
const lengths = [0, 1, 32_751, 32_752, 65_535, 65_536, 65_537, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1] as const;
const kinds: readonly number[] = [...Object.values(entryKinds), 0x4000000, 0x7f000000];

interface Request {
  readonly low: number;
  readonly high: number;
  readonly token: number;
}

/** How a request is, or is not. */
interface Post extends Request {
  readonly status: number;
  readonly bytes: number;
}

export class HostileSlots {
  readonly #chance: Chance;
  readonly #prey: Prey;
  readonly #attached: Attached;
  readonly #range: ClientSlots;
  readonly #arena: DataView;
  readonly #words: Uint8Array;
  readonly #board: SlotBoard | undefined;
  readonly #bell: MemoryDoorbell;
  readonly #posted: Request[] = [];
  #submissions;
  #low = 0;

  /** Undefined where there are no slots. */
  static of(
    chance: Chance,
    prey: Prey,
    attached: Attached,
    handles: readonly MemoryAttachment[],
  ): HostileSlots | undefined {
    const [memory, bell, , board] = handles.map(({ resource }) => resource);
    const { slots, layout } = attached;
    if (slots === null || !(memory instanceof MemorySegment) || !(bell instanceof MemoryDoorbell)) return undefined;
    if (memory.buffer.byteLength === 0) return undefined; // The lease has ended meanwhile.
    const inSlots = layout.name === 'slots' && board instanceof MemorySegment;
    if (!inSlots && layout.name !== 'classic') return undefined;
    return new HostileSlots(chance, prey, attached, slots, memory, bell, inSlots ? board : undefined);
  }

  private constructor(
    chance: Chance,
    prey: Prey,
    attached: Attached,
    range: ClientSlots,
    memory: MemorySegment,
    bell: MemoryDoorbell,
    board: MemorySegment | undefined,
  ) {
    this.#chance = chance;
    this.#prey = prey;
    this.#attached = attached;
    this.#range = range;
    this.#arena = new DataView(memory.buffer);
    this.#words = new Uint8Array(memory.buffer);
    this.#board = board === undefined ? undefined : new SlotBoard(board.buffer, attached.layout.slotCount);
    this.#submissions = this.#board?.submissions(range);
    this.#bell = bell;
  }

  get #gone(): boolean {
    return this.#words.length === 0;
  }

  /** They are another's now, whose calls are to be answered: who maps a lease can break them, and they trusted him. */
  get #lost(): boolean {
    return this.#gone || this.#prey.hasGivenAway(this.#range);
  }

  /** Something in its own slots, its own part of the board. */
  meddle(): void {
    if (this.#lost) return;
    const chance = this.#chance;
    switch (chance.integer(0, 9)) {
      case 0:
      case 1:
        this.#post(this.#fresh());
        break;
      case 2:
      case 8:
      case 9:
        this.#replay();
        break;
      case 3:
        this.#post({ ...this.#fresh(), bytes: this.#anyLength(), token: 0 });
        break;
      case 4:
        this.#post({
          low: chance.pick([0, -1, 1]),
          high: chance.integer(-(2 ** 31), 2 ** 31 - 1),
          token: 0,
          status: chance.pick(statuses),
          bytes: this.#anyLength(),
        });
        break;
      case 5:
        this.#push(this.#anyEntry());
        break;
      case 6:
        this.#scribble();
        break;
      default:
        if (this.#board !== undefined) this.#board.callers[this.#range.client] = chance.integer(0, 255);
    }
    this.#bell.ring();
  }

  /** Names a slot of somebody else, in which a request waits: now or soon. */
  lurk(clock: Clock, looks: number = looksMax): void {
    if (this.#lost || this.#board === undefined || looks === 0) return;
    const { slotStride, slotCount } = this.#attached.layout;
    const { first, count } = this.#range;
    for (let slot = first + count; slot < slotCount; slot++) {
      if (this.#words[slot * slotStride + 12] !== 1) continue;
      this.#push(slot - first + 1);
      this.#bell.ring();
    }
    clock.after(this.#chance.octaves(0.01, 20), () => this.lurk(clock, looks - 1));
  }

  /** Anything anywhere: the lease is its own enemy's alone. */
  scrawl(): void {
    if (this.#gone) return;
    const chance = this.#chance;
    for (let writes = chance.integer(1, 30); writes > 0; writes--) {
      const at = chance.happens(0.3) ? chance.integer(0, 127) : chance.integer(0, this.#words.length - 1);
      this.#words[at] = chance.integer(0, 255);
    }
    if (this.#board !== undefined) {
      const { words, callers, groups } = this.#board;
      for (let writes = chance.integer(0, 10); writes > 0; writes--)
        words[chance.integer(0, words.length - 1)] = this.#anyEntry();
      callers[chance.integer(0, callers.length - 1)] = 1;
      groups[0] = 1;
    }
    this.#bell.ring();
  }

  #fresh(): Post {
    this.#low += 1;
    return {
      low: this.#low,
      high: this.#range.session << sessionShift,
      token: this.#prey.ledger.token(),
      status: 1,
      bytes: 8,
    };
  }

  /** What it has asked before, under the same id or an older one; told of twice, perhaps. */
  #replay(): void {
    const before = this.#posted.at(-this.#chance.integer(1, 3));
    if (before === undefined) return;
    this.#post({ ...before, status: 1, bytes: 8 });
    if (this.#chance.happens(0.3)) this.#push(1);
  }

  #post({ low, high, token, status, bytes }: Post): void {
    const isSlots = this.#board !== undefined;
    const place = this.#chance.integer(0, this.#range.count - 1);
    const at = isSlots ? (this.#range.first + place) * this.#attached.layout.slotStride : 0;
    const view = this.#arena;
    view.setInt32(at, low, true);
    view.setInt32(at + 4, high, true);
    view.setUint32(at + 8, hostileMethodId, true);
    view.setUint32(at + (isSlots ? 16 : 13), bytes, true);
    if (token !== 0) this.#posted.push({ low, high, token });
    this.#words.set(this.#prey.ledger.payload(token), at + (isSlots ? 20 : 17));
    view.setUint8(at + 12, status);
    this.#push(place + 1);
  }

  #push(entry: number): void {
    if (entry === 0 || this.#board === undefined) return;
    this.#submissions?.push(entry);
    this.#board.call(this.#range.client);
  }

  /** Bytes of its own slots change, whoever looks at them. */
  #scribble(): void {
    const { slotStride } = this.#attached.layout;
    const from = this.#board === undefined ? 0 : this.#range.first * slotStride;
    const bytes = this.#board === undefined ? 65_536 : this.#range.count * slotStride;
    for (let writes = this.#chance.integer(1, 20); writes > 0; writes--) {
      const at = this.#chance.integer(0, Math.min(bytes, 64) - 1);
      // The method stays, as whose request that is is known by it; so do the first bytes of a payload.
      if (at < 8 || at === 12 || at > 28) this.#words[from + at] = this.#chance.integer(0, 255);
    }
    // Under another id it would be another request.
    this.#posted.length = 0;
    for (let place = 0; place < this.#range.count; place++) {
      const at = this.#board === undefined ? 17 : from + place * slotStride + 20;
      this.#words.set(this.#prey.ledger.payload(0), at);
    }
  }

  #anyLength(): number {
    const { slotStride } = this.#attached.layout;
    return this.#chance.pick([...lengths, slotStride, slotStride - 20, slotStride - 19, 4 * slotStride]);
  }

  #anyEntry(): number {
    const slot = this.#chance.pick([0, 1, this.#range.count, this.#range.count + 1, 65_536, 2 ** 24 - 1]);
    return slot | this.#chance.pick(kinds);
  }
}
