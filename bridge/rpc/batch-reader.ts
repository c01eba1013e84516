// Messages out of the batches of one direction of a stream: short ones whole, long ones put together from their pieces. All
// that a hostile sender may write is checked here.
import { IncomingPayload, type TransferBudget } from './payload-transfer.ts';
import { pieceBytes, pieceHeadBytes, type StreamHalf } from './stream-layout.ts';

export interface BatchReaderParts {
  /** The longest message that is accepted. */
  readonly messageBytesMax: number;
  /** What messages that come in pieces may take, together with others'; without it each takes what it needs. */
  readonly budget?: TransferBudget | undefined;
}

export class BatchReader {
  readonly #parts: BatchReaderParts;
  #incoming: IncomingPayload | undefined;
  /** Begins the long message that waits for the budget. */
  #begin: (() => void) | undefined;
  /** Taken from the budget, or asked for. */
  #reserved = 0;

  constructor(parts: BatchReaderParts) {
    this.#parts = parts;
  }

  /** Whether no message is here in part. */
  get whole(): boolean {
    return this.#incoming === undefined;
  }

  /**
   * Copies the messages of a batch; `done` is called when nothing of it is needed any more: at once, unless a long message
   * waits for the budget. Gives what is wrong with the batch, if something is.
   */
  read(half: StreamHalf, into: Uint8Array[], done: () => void): string | undefined {
    const end = half.readBytes();
    if (end > half.room || end % 4 !== 0) return `a batch of ${end} bytes, at most ${half.room} fit`;
    for (let at = 0; at < end; ) {
      const left = half.readBytesLeft(at);
      const bytes = Math.min(left, end - at - pieceHeadBytes);
      const fault = this.#faultOf(left);
      if (fault !== undefined) return fault;
      if (this.#incoming === undefined && bytes < left) {
        if (at > 0) return `a message of ${left} bytes that begins amid a batch, and goes beyond it`;
        this.#beginLong(left, () => this.#add(half.copyPiece(at, bytes), into), done);
        return undefined;
      }
      this.#add(half.copyPiece(at, bytes), into);
      at += pieceBytes(bytes);
    }
    done();
    return undefined;
  }

  /** What is here in part is nobody's. */
  forget(): void {
    const { budget } = this.#parts;
    const begin = this.#begin;
    this.#begin = undefined;
    this.#incoming = undefined;
    if (this.#reserved === 0 || (begin !== undefined && budget?.forget(begin) === true)) this.#reserved = 0;
    else this.#giveBack();
  }

  #faultOf(left: number): string | undefined {
    const { messageBytesMax } = this.#parts;
    const expected = this.#incoming?.bytesLeft ?? left;
    if (left === expected && left <= messageBytesMax) return undefined;
    return `${left} bytes left of a message of at most ${messageBytesMax}, ${expected} expected`;
  }

  #add(piece: Uint8Array, into: Uint8Array[]): void {
    const incoming = this.#incoming;
    if (incoming === undefined) {
      into.push(piece);
    } else if (incoming.add(piece)) {
      into.push(incoming.payload);
      this.#incoming = undefined;
      this.#giveBack();
    }
  }

  /** Its first piece is the last of the batch. */
  #beginLong(bytes: number, addFirst: () => void, done: () => void): void {
    this.#reserved = bytes;
    this.#begin = () => {
      this.#begin = undefined;
      this.#incoming = new IncomingPayload(bytes);
      addFirst();
      done();
    };
    const { budget } = this.#parts;
    if (budget === undefined) this.#begin();
    else budget.take(bytes, this.#begin);
  }

  #giveBack(): void {
    const bytes = this.#reserved;
    this.#reserved = 0;
    this.#parts.budget?.give(bytes);
  }
}
