// One direction of a stream, where it is received. The messages of one batch wait here to be taken by the program, while
// another batch may stand in the slot: its sender goes on only when it has been copied, too.
import { MalformedFrame } from '../errors.ts';
import { BatchReader, type BatchReaderParts } from './batch-reader.ts';
import { type StreamHalf, streamFlags } from './stream-layout.ts';

export interface ReceiverParts extends BatchReaderParts {
  /** What the sender may say beside its messages. */
  readonly flagsAllowed: number;
}

/** Where batches come from. */
export interface Inlet {
  readonly half: StreamHalf;
  /** The batch is copied: the sender is to be told. */
  readonly taken: () => void;
  /** That was the last: the stream is over. With the sender's failure, if there is one. */
  readonly over: (failure: Uint8Array | undefined) => void;
  /** The sender has written nonsense. */
  readonly broken: (error: MalformedFrame) => void;
}

type Result = IteratorResult<Uint8Array, undefined>;

interface Waiter {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

const none = -1;

export class StreamReceiver {
  readonly #reader: BatchReader;
  readonly #flagsAllowed: number;
  #inlet: Inlet | undefined;
  readonly #arrived: Uint8Array[] = [];
  /** Flags of the batch that stands in the slot; `none` if none does. */
  #standing = none;
  /** Some of it is copied, the rest waits for the budget. */
  #reading = false;
  #ended = false;
  #dropping = false;
  #error: Error | undefined;
  readonly #waiters: Waiter[] = [];

  constructor(parts: ReceiverParts) {
    this.#reader = new BatchReader(parts);
    this.#flagsAllowed = parts.flagsAllowed;
  }

  connect(inlet: Inlet): void {
    this.#inlet = inlet;
  }

  /** Nothing is read any more. */
  disconnect(): void {
    this.#inlet = undefined;
    this.#reader.forget();
  }

  /** The next message; after those that have arrived, the stream's error, or its end. */
  next(): Promise<Result> {
    const value = this.#arrived.shift();
    if (value !== undefined) {
      if (this.#arrived.length === 0) this.#copy();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended || this.#dropping) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** What has arrived, and what will, is nobody's: it is taken all the same. */
  drop(): void {
    this.#dropping = true;
    this.#arrived.length = 0;
    this.#reader.forget();
    this.#reading = false;
    this.#settle();
    this.#copy();
  }

  /** Follows what has arrived, unless the end does. Only the first reason counts. */
  fail(error: Error): void {
    if (!this.#ended) this.#error ??= error;
    this.#settle();
  }

  /** As fail(), but what has arrived is dropped, too: so an end that would follow it is none any more. */
  giveUp(error: Error): void {
    if (this.#arrived.length > 0) this.#ended = false;
    this.fail(error);
    this.drop();
  }

  /** A batch stands in the slot. Observes: batch. */
  data(): void {
    const inlet = this.#inlet;
    if (inlet === undefined) return;
    const { half } = inlet;
    if (this.#standing !== none) return this.#break('a batch, though the one before was not taken');
    this.#standing = half.readFlags();
    if ((this.#standing & ~this.#flagsAllowed) !== 0) return this.#break(`a batch with flags ${this.#standing}`);
    // The last is copied at once, so that the slot is free; and so is what a long message goes on with, lest it keep its part
    // of the budget until the program has come so far.
    const isUrgent = (this.#standing & streamFlags.over) !== 0 || !this.#reader.whole;
    if (isUrgent || this.#arrived.length === 0) this.#copy();
  }

  #copy(): void {
    if (this.#standing === none || this.#reading || this.#inlet === undefined) return;
    if (this.#dropping) return this.#finishBatch();
    this.#reading = true;
    const fault = this.#reader.read(this.#inlet.half, this.#arrived, () => this.#finishBatch());
    if (fault !== undefined) return this.#break(fault);
    this.#settle(); // Of those before a message that waits.
  }

  #finishBatch(): void {
    const flags = this.#standing;
    this.#reading = false;
    if (!this.#dropping) {
      const fault = this.#faultAtEnd(flags);
      if (fault !== undefined) return this.#break(fault);
    }
    this.#standing = none;
    const failure = (flags & streamFlags.failed) === 0 ? undefined : this.#arrived.pop();
    // Whoever ended his side, and failed after that, has ended it, however soon he failed.
    this.#ended ||= (flags & streamFlags.end) !== 0 || (flags !== 0 && failure === undefined);
    if ((flags & streamFlags.over) === 0) this.#inlet?.taken();
    else this.#inlet?.over(failure);
    this.#settle();
  }

  #faultAtEnd(flags: number): string | undefined {
    if (flags !== 0 && !this.#reader.whole) return `flags ${flags}, amid a message`;
    if ((flags & streamFlags.failed) !== 0 && this.#arrived.length === 0) return 'a failure that is not told';
    return undefined;
  }

  /** Whatever still comes is dropped. */
  #break(what: string): void {
    const flags = this.#standing & this.#flagsAllowed;
    const error = new MalformedFrame(`in a stream: ${what}`, { mayHaveExecuted: true });
    this.#standing = none;
    this.#reading = false;
    this.#dropping = true;
    this.#reader.forget();
    this.fail(error);
    const isOver = (flags & streamFlags.over) !== 0;
    if (!isOver) this.#inlet?.taken(); // First: a server that says that the stream is over may say no more.
    this.#inlet?.broken(error);
    if (isOver) this.#inlet?.over(undefined);
  }

  #settle(): void {
    const waiters = this.#waiters;
    while (waiters.length > 0 && this.#arrived.length > 0) {
      waiters.shift()?.resolve({ done: false, value: this.#arrived.shift() as Uint8Array });
    }
    if (this.#error !== undefined) for (const { reject } of waiters.splice(0)) reject(this.#error);
    if (!this.#ended && !this.#dropping) return;
    for (const { resolve } of waiters.splice(0)) resolve({ done: true, value: undefined });
  }
}
