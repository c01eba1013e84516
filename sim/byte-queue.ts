// Bytes in the order in which they were put in, to be taken out in other portions.

export class ByteQueue {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(Uint8Array.from(bytes));
    this.#length += bytes.length;
  }

  /** The next `count` bytes, or as many as there are; whoever takes them owns them. */
  shift(count: number): Uint8Array {
    const taken: Uint8Array[] = [];
    for (let left = Math.min(count, this.#length); left > 0; ) {
      const piece = this.#pieces.shift() as Uint8Array;
      const part = piece.subarray(0, left);
      if (part.length < piece.length) this.#pieces.unshift(piece.subarray(part.length));
      taken.push(part);
      left -= part.length;
      this.#length -= part.length;
    }
    return taken.length === 1 ? (taken[0] as Uint8Array) : Buffer.concat(taken);
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }
}
