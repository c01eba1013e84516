// FNV-1a in two lanes with different beginnings, of one text after the other: to compare traces, not to keep secrets.
const prime = 0x01000193;
const offsets = [0x811c9dc5, 0x5bd1e995] as const;

export class TraceHash {
  #low: number = offsets[0];
  #high: number = offsets[1];

  add(text: string): void {
    let [low, high] = [this.#low, this.#high];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, prime);
      high = Math.imul(high ^ code, prime) + i;
    }
    this.#low = low;
    this.#high = high;
  }

  /** 16 hexadecimal digits. */
  get hex(): string {
    const digits = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0');
    return digits(this.#high) + digits(this.#low);
  }
}
