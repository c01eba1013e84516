// What one session posts. A request, which somebody waits for, has a token until its completion comes. While the send
// queue has no room, requests and frames wait in order, and no thread for them.

const tokenMax = 2 ** 31;

/** A request that somebody waits for. */
export interface Operation {
  readonly promise: Promise<void>;
  readonly done: boolean;
}

class Pending implements Operation {
  readonly promise: Promise<void>;
  done = false;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined); // Whoever waits hears of it; not everybody does.
  }

  settle(error?: Error): void {
    this.done = true;
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }
}

export class RdmaRequests {
  readonly #pending = new Map<number, Pending>();
  readonly #waiting: (() => boolean)[] = [];
  #lastToken = 0;

  /** Requests and frames that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Requests that are not done. */
  get size(): number {
    return this.#pending.size;
  }

  /** Posts now, or as soon as there is room: `post` gives false where there is none. */
  begin(post: (token: number) => boolean): Operation {
    const token = this.#nextToken();
    const pending = new Pending();
    this.#pending.set(token, pending);
    if (this.#waiting.length > 0 || !post(token)) this.#waiting.push(() => post(token));
    return pending;
  }

  /** Posts as soon as there is room, after whatever waits already. */
  defer(post: () => boolean): void {
    this.#waiting.push(post);
  }

  /** There is room again. */
  done(token: number): void {
    this.#pending.get(token)?.settle();
    this.#pending.delete(token);
    while (this.#waiting.length > 0 && this.#waiting[0]?.()) this.#waiting.shift();
  }

  failAll(error: Error): void {
    this.#waiting.length = 0;
    for (const pending of this.#pending.values()) pending.settle(error);
    this.#pending.clear();
  }

  #nextToken(): number {
    do {
      this.#lastToken = (this.#lastToken % (tokenMax - 1)) + 1;
    } while (this.#pending.has(this.#lastToken));
    return this.#lastToken;
  }
}
