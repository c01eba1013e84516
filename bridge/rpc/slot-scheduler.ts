// Which client of a slots lease a server hears next. A client that calls has a seat in the round; each round every seat is
// heard a few entries long, so that one with much to say delays the others by no more than that. A seat that stayed silent
// for a while is given up: its client then calls anew, by a byte that is looked at once a round for 64 clients at a time.
import { clientsPerGroup, type EntryRing, type SlotBoard, type SlotRange } from '../plane/slot-board.ts';

/** Entries heard of one seat before the next one's turn. */
const entriesPerTurn = 4;
/** Times that a seat may have nothing to say before it is given up. */
const silencesMax = 256;

/** One client, as the server sees it. */
export class Seat {
  readonly range: SlotRange;
  readonly submissions: EntryRing;
  inRound = false;
  silences = 0;

  constructor(board: SlotBoard, range: SlotRange) {
    this.range = range;
    this.submissions = board.submissions(range);
  }
}

export class SlotScheduler<S extends Seat> {
  readonly #board: SlotBoard;
  readonly #seats: (S | undefined)[] = [];
  readonly #round: S[] = [];
  /** Whose turn it is, and what is left of it. */
  #at = 0;
  #entriesLeft = entriesPerTurn;
  /** The seat whose entry next() gave last. */
  #current: S | undefined;

  constructor(board: SlotBoard) {
    this.#board = board;
  }

  get current(): S {
    return this.#current as S;
  }

  seatOf(client: number): S | undefined {
    return this.#seats[client];
  }

  get seats(): readonly (S | undefined)[] {
    return this.#seats;
  }

  /** Whoever had these slots before may have stored late what would pass for its successor's: a call that is heard already. */
  add(seat: S): void {
    this.#board.wipe(seat.range);
    this.#seats[seat.range.client] = seat;
  }

  remove(seat: S): void {
    this.#seats[seat.range.client] = undefined;
    if (seat.inRound) this.#drop(this.#round.indexOf(seat));
    this.#board.wipe(seat.range);
  }

  /** Whether some client has something to say, now that all know that the server sleeps. */
  get ready(): boolean {
    return this.#round.some(({ submissions }) => submissions.ready) || this.#someCalls();
  }

  /** The next entry of whoever's turn it is, `current` then; 0 once a round has brought nothing. */
  next(): number {
    for (let silent = 0; ; ) {
      if (this.#at >= this.#round.length) {
        this.#at = 0;
        this.#admit();
        if (this.#round.length === 0) return 0;
      }
      const seat = this.#round[this.#at] as S;
      const entry = seat.submissions.shift(); // Observes: request.
      if (entry !== 0) return this.#hear(seat, entry);
      this.#passOver(seat);
      if (++silent > this.#round.length) return 0;
    }
  }

  #hear(seat: S, entry: number): number {
    seat.silences = 0;
    this.#current = seat;
    this.#entriesLeft -= 1;
    if (this.#entriesLeft === 0) this.#nextTurn();
    return entry;
  }

  #passOver(seat: S): void {
    seat.silences += 1;
    if (seat.silences > silencesMax) this.#giveUp(seat);
    else this.#nextTurn();
  }

  #nextTurn(): void {
    this.#at += 1;
    this.#entriesLeft = entriesPerTurn;
  }

  /**
   * The client calls from here on when it has something to say. Stored before the last look, so that what was pushed before
   * the client saw it is seen here. Publishes: resting.
   */
  #giveUp(seat: S): void {
    seat.silences = 0;
    Atomics.store(this.#board.callers, seat.range.client, 0);
    if (seat.submissions.ready) Atomics.store(this.#board.callers, seat.range.client, 1);
    else this.#drop(this.#at);
  }

  #drop(at: number): void {
    const last = this.#round.pop() as S;
    const dropped = this.#round[at];
    if (dropped === undefined) last.inRound = false;
    else {
      dropped.inRound = false;
      this.#round[at] = last;
    }
    this.#entriesLeft = entriesPerTurn;
  }

  /** Whoever calls gets a seat in the round. Observes: caller. */
  #admit(): void {
    const { groups } = this.#board;
    const groupsMax = Math.ceil(this.#seats.length / clientsPerGroup);
    for (let group = 0; group < groupsMax; group++) {
      if (groups[group] === 0) continue;
      // Before the clients are looked at, so that one that calls meanwhile is found the next time.
      Atomics.store(groups, group, 0);
      this.#admitOf(group);
    }
  }

  #admitOf(group: number): void {
    const { callerWords, callers } = this.#board;
    const from = group * clientsPerGroup;
    for (let client = from; client < from + clientsPerGroup; client += 4) {
      if (Atomics.load(callerWords, client / 4) === 0) continue;
      for (let each = client; each < client + 4; each++) {
        const seat = callers[each] === 0 ? undefined : this.#seats[each];
        if (seat === undefined || seat.inRound) continue;
        seat.inRound = true;
        seat.silences = 0;
        this.#round.push(seat);
      }
    }
  }

  #someCalls(): boolean {
    const groupsMax = Math.ceil(this.#seats.length / clientsPerGroup);
    for (let group = 0; group < groupsMax; group++) {
      if (Atomics.load(this.#board.groups, group) !== 0) return true; // Observes: caller.
    }
    return false;
  }
}
