// FNV-1a in two lanes with different beginnings, of one text after the other: to compare traces, not to keep secrets.
const prime = 0x01000193;
const offsets = [0x811c9dc5, 0x5bd1e995] as const;

export class TraceHash {
  #low: number = offsets[0];
  #high: number = offsets[1];

  add(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ code, prime);
      this.#high = Math.imul(this.#high ^ code, prime) + i;
    }
  }

  /** 16 hexadecimal digits. */
  get hex(): string {
    const digits = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0');
    return digits(this.#high) + digits(this.#low);
  }
}
