// Payloads that are longer than a slot, on their way through one: fragment by fragment, each taken before the next is put
// in, so that neither side keeps more than the payload itself.

/** One that is being sent. The bytes are ours until the last is on its way. */
export class OutgoingPayload {
  readonly status: number;
  readonly #payload: Uint8Array;
  #sent = 0;

  /** `status` is what each fragment is published as. */
  constructor(status: number, payload: Uint8Array) {
    this.status = status;
    this.#payload = payload;
  }

  /** What has not been taken by next() yet. */
  get bytesLeft(): number {
    return this.#payload.length - this.#sent;
  }

  /** The next fragment, of `bytesMax` bytes unless it is the last. */
  next(bytesMax: number): Uint8Array {
    const fragment = this.#payload.subarray(this.#sent, this.#sent + bytesMax);
    this.#sent += fragment.length;
    return fragment;
  }
}

/** One that is coming in. */
export class IncomingPayload {
  readonly payload: Uint8Array;
  #received = 0;

  constructor(bytes: number) {
    this.payload = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  }

  get bytesLeft(): number {
    return this.payload.length - this.#received;
  }

  /** Takes a fragment; true if it was the last. It is no longer than what is left. */
  add(fragment: Uint8Array): boolean {
    this.payload.set(fragment, this.#received);
    this.#received += fragment.length;
    return this.bytesLeft === 0;
  }
}

/** What incoming payloads may take together. One that finds no room waits, and its sender with it. */
export class TransferBudget {
  readonly #bytesMax: number;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Begins now, or as soon as there is room. */
  take(bytes: number, begin: () => void): void {
    this.#waiting.push({ bytes, begin });
    this.#advance();
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#advance();
  }

  /** One that waits does so no more. False if it has begun. */
  forget(begin: () => void): boolean {
    const at = this.#waiting.findIndex((each) => each.begin === begin);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  #advance(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#bytes + next.bytes > this.#bytesMax) return;
      this.#waiting.shift();
      this.#bytes += next.bytes;
      next.begin();
    }
  }
}
