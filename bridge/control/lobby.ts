// Where network peers wait that have not said hello yet: not for long, and not many at once, so that whoever opens
// connections and says nothing costs little and keeps nobody out.
import type { Clock, Timer } from '../environment.ts';
import { greetingMs, ungreetedMax } from '../limits.ts';

export class Lobby {
  readonly #clock: Clock;
  /** How to turn each of them out, and when that happens; the oldest first. */
  readonly #waiting = new Map<() => void, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Lets somebody in, who is turned out in time unless the function that this returns is called before. */
  enter(turnOut: () => void): () => void {
    const out = () => {
      leave();
      turnOut();
    };
    const leave = () => {
      this.#waiting.get(out)?.cancel();
      this.#waiting.delete(out);
    };
    this.#waiting.set(out, this.#clock.after(greetingMs, out));
    if (this.size > ungreetedMax) this.#oldest();
    return leave;
  }

  /** Turns everybody out. */
  close(): void {
    for (const out of [...this.#waiting.keys()]) out();
  }

  #oldest(): void {
    const [out] = this.#waiting.keys();
    out?.();
  }
}
