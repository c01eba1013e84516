// The messages that go through a queue: a number, counted up from 0, and a pattern after it; the last one says that it
// is. A message that is lost, repeated, out of order, torn or of another length is noticed.
import { patternOf } from '../bench/meter.ts';
import type { CountWindow } from './count-window.ts';
import type { NextMessage, TakeMessage } from './queue-plane.ts';

/** The number of the last message: u32, little-endian, at 0. */
const LAST = 0xffff_ffff;
const MESSAGES_PER_LOOK = 16;

/** Messages of `bytes` until it is time, then the last one. The clock is asked at every so many. */
export class MessageSource {
  readonly #message: Uint8Array;
  readonly #number: DataView;
  readonly #isTime: () => boolean;
  #sent = 0;
  #isOver = false;

  constructor(bytes: number, isTime: () => boolean) {
    this.#message = patternOf(bytes, 0);
    this.#number = new DataView(this.#message.buffer);
    this.#isTime = isTime;
  }

  /** Besides the last one. */
  get sent(): number {
    return this.#sent;
  }

  readonly next: NextMessage = () => {
    if (this.#isOver) return undefined;
    this.#isOver = this.#sent % MESSAGES_PER_LOOK === 0 && this.#isTime();
    this.#number.setUint32(0, this.#isOver ? LAST : this.#sent++, true);
    return this.#message;
  };
}

export class MessageSink {
  readonly #bytes: number;
  readonly #window: CountWindow;
  readonly #lastByte: number | undefined;
  #received = 0;

  constructor(bytes: number, window: CountWindow) {
    this.#bytes = bytes;
    this.#window = window;
    this.#lastByte = patternOf(bytes, 0).at(-1);
  }

  /** Besides the last one. */
  get received(): number {
    return this.#received;
  }

  readonly take: TakeMessage = (message) => {
    const number = numberOf(message);
    if (message.length !== this.#bytes || message[message.length - 1] !== this.#lastByte) {
      throw new Error(`message ${number} of ${message.length} B is not what was sent, ${this.#bytes} B`);
    }
    if (number === LAST) return false;
    if (number !== this.#received) throw new Error(`message ${number} came where ${this.#received} was due`);
    this.#received++;
    this.#window.count();
    return true;
  };
}

function numberOf([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number {
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
