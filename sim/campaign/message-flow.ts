// One direction of a stream, as it truly goes: what was sent, and how much of it has arrived. Of each message it knows every
// byte, by its place and its stream.
import { pattern } from './pattern.ts';

interface Sent {
  readonly bytes: number;
  /** Whether the lease was over at home as it was sent. */
  readonly wasOver: boolean;
}

/** What stands in a slot for each message beside its bytes. */
const pieceHeadBytes = 4;

export class MessageFlow {
  readonly #name: string;
  readonly #seed: number;
  readonly #halfBytes: number;
  readonly #sent: Sent[] = [];
  #taken = 0;
  /** Sent and not yet taken, as it takes room in a slot. */
  #outstandingBytes = 0;
  #longestBytes = 0;
  /** Its sender has said, or is about to say, that this is all. */
  closed = false;
  /** Its receiver takes no more, or is about to: what still comes is nobody's, and no longer held back. */
  left = false;

  /** `seed`: sets it apart from all others. `halfBytes`: what a slot has for it. */
  constructor(name: string, seed: number, halfBytes: number) {
    this.#name = name;
    this.#seed = seed;
    this.#halfBytes = halfBytes;
  }

  /** All that was sent has arrived. */
  get isWhole(): boolean {
    return this.#taken === this.#sent.length;
  }

  get count(): string {
    return `${this.#taken} of ${this.#sent.length} messages`;
  }

  get taken(): number {
    return this.#taken;
  }

  /** The next message, so long, which is sent now. */
  next(bytes: number, wasOver: boolean): Uint8Array {
    const message = this.#message(this.#sent.length, bytes);
    this.#sent.push({ bytes, wasOver });
    this.#outstandingBytes += roomOf(bytes);
    this.#longestBytes = Math.max(this.#longestBytes, roomOf(bytes));
    return message;
  }

  /** A message has arrived. What is wrong with it, if something is. */
  take(message: Uint8Array): string | undefined {
    const place = this.#taken;
    const sent = this.#sent[place];
    if (sent === undefined)
      return `${this.#name}: ${message.length} bytes arrive, where only ${place} messages were sent`;
    this.#taken += 1;
    this.#outstandingBytes -= roomOf(sent.bytes);
    const expected = this.#message(place, sent.bytes);
    if (Buffer.compare(message, expected) !== 0) {
      return `${this.#name}: message ${place}, of ${sent.bytes} bytes, arrives as other ${message.length} bytes`;
    }
    return sent.wasOver ? `${this.#name}: message ${place} was sent when the lease was over, and arrives` : undefined;
  }

  /**
   * Its sender was told that there was room for the last message. Gathered is one half, one stands in the slot, one waits at
   * the receiver, and a longest message there as well; one message may be on its way to the program. What is wrong, if
   * something is.
   */
  overflow(): string | undefined {
    const bytesMax = 3 * this.#halfBytes + 2 * this.#longestBytes;
    if (this.left || this.#outstandingBytes <= bytesMax) return undefined;
    return `${this.#name}: ${this.#outstandingBytes} bytes are under way, at most ${bytesMax} may be`;
  }

  #message(place: number, bytes: number): Uint8Array {
    return pattern(this.#seed * 37 + place * 101, 7, bytes);
  }
}

function roomOf(bytes: number): number {
  return pieceHeadBytes + ((bytes + 3) & ~3);
}
