// Control messages that one node gets, by kind, and how long it is busy with them: it takes them one after another, each
// for as long as the last.

/** Of docs/protocol.md; `end` is the news that a connection is over. */
export const kinds = [
  'hello',
  'attach',
  'attached',
  'detach',
  'done',
  'renew',
  'time',
  'renewed',
  'remaining',
  'ended',
  'plane',
  'plane-answer',
  'resolve',
  'services',
  'describe',
  'description',
  'refused',
  'end',
] as const;

export type Kind = (typeof kinds)[number];

/** What finding services takes: connections are made for each question, and closed again. */
export const discoveryKinds: readonly Kind[] = ['hello', 'resolve', 'services', 'describe', 'description', 'end'];
/** What a registry is asked. */
export const registryKinds: readonly Kind[] = ['resolve', 'describe'];

const placeOf: ReadonlyMap<string, number> = new Map(kinds.map((kind, place) => [kind, place]));

/** How many messages of each kind. */
export class Tally {
  readonly #counts = new Float64Array(kinds.length);

  add(kind: string): void {
    const place = placeOf.get(kind);
    if (place === undefined) throw new Error(`no control message is a ${JSON.stringify(kind)}`);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  of(...wanted: readonly Kind[]): number {
    return wanted.reduce((sum, kind) => sum + (this.#counts[placeOf.get(kind) ?? -1] ?? 0), 0);
  }

  get messages(): number {
    return this.of(...kinds);
  }

  copy(): Tally {
    return new Tally().plus(this);
  }

  plus(other: Tally): Tally {
    return this.#combine(other, 1);
  }

  /** What has come since. */
  since(before: Tally): Tally {
    return this.copy().#combine(before, -1);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(kinds.map((kind) => [kind, this.of(kind)]));
  }

  #combine(other: Tally, sign: 1 | -1): Tally {
    for (const [place, count] of other.#counts.entries()) {
      this.#counts[place] = (this.#counts[place] ?? 0) + sign * count;
    }
    return this;
  }
}

export class Traffic {
  readonly received: Tally = new Tally();
  readonly #messageMs: number;
  readonly #nowMs: () => number;
  #busyUntilMs = 0;

  constructor(messageMs: number, nowMs: () => number) {
    this.#messageMs = messageMs;
    this.#nowMs = nowMs;
  }

  /** Counts a message, or without bytes a connection's end. Returns how long it takes until the node is done with it. */
  receive(bytes: Uint8Array | undefined): number {
    this.received.add(bytes === undefined ? 'end' : typeOf(bytes));
    const nowMs = this.#nowMs();
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + this.#messageMs;
    return this.#busyUntilMs - nowMs;
  }
}

/** A control message is a msgpack map of few entries, the first of which is its type. */
const typeLengthAt = 6;
const shortStringMax = 31;

function typeOf(bytes: Uint8Array): string {
  const length = (bytes[typeLengthAt] ?? 0) & shortStringMax;
  return String.fromCharCode(...bytes.subarray(typeLengthAt + 1, typeLengthAt + 1 + length));
}
