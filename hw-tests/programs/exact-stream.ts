// The calls of the exactness test, as both sides know them before they are made: from one seed, each side draws the same
// sizes and bytes, so that each can check what the other sent. Favours small payloads, and goes up to the largest.
import { crc32 } from 'node:zlib';
import { payloadBytesMax } from '#sdk';

const poolBytes = 2 ** 20;

/** Shares of the sizes drawn, and the largest of each share. */
const sizes: readonly (readonly [share: number, bytesMax: number])[] = [
  [0.65, 64],
  [0.25, 1024],
  [0.08, 8192],
  [0.02, payloadBytesMax],
];

/** xorshift32: the same numbers from the same seed (not 0), everywhere. */
function draws(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One direction of the calls. */
export class ExactStream {
  readonly #draw: () => number;
  readonly #pool: Uint8Array;
  #checksum = 0;
  count = 0;
  bytes = 0;

  constructor(seed: number) {
    const fill = draws(seed ^ 0x5bd1e995);
    this.#draw = draws(seed);
    this.#pool = Uint8Array.from({ length: poolBytes + payloadBytesMax }, () => fill() * 256);
  }

  /** The bytes of the next payload: the pool's own, not to be written to. */
  next(): Uint8Array {
    const bytes = this.#size();
    const offset = Math.floor(this.#draw() * poolBytes);
    this.count += 1;
    this.bytes += bytes;
    return this.#pool.subarray(offset, offset + bytes);
  }

  /** Checks a payload that has come against what must come next. */
  expect(payload: Uint8Array): void {
    const expected = this.next();
    this.note(payload);
    if (Buffer.compare(payload, expected) === 0) return;
    throw new Error(`payload ${this.count} is not what was sent: ${payload.length} bytes, ${expected.length} expected`);
  }

  /** Takes a payload into the checksum of all that came before it. */
  note(payload: Uint8Array): void {
    this.#checksum = crc32(payload, this.#checksum);
  }

  get checksum(): number {
    return this.#checksum;
  }

  #size(): number {
    let share = this.#draw();
    for (const [upTo, bytesMax] of sizes) {
      if (share < upTo) return Math.floor(this.#draw() * (bytesMax + 1));
      share -= upTo;
    }
    return payloadBytesMax;
  }
}
