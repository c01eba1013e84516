// What simulated processes live by: their clocks, and the one timeline beneath these, which is virtual or goes with real
// time.
import type { Clock } from '#bridge';

/** A clock of this simulator. */
export interface SimClock extends Clock {
  /** While somebody waits for what may come, the Node process lives, where time is real. */
  keepAlive(keeper: object, keep: boolean): void;
}

export interface Timeline extends SimClock {
  /** The time, for whoever stands outside of it. */
  readonly timeMs: number;
  /** Whether others go on while somebody looks again and again, so that spinning can pay. */
  readonly othersGoOn: boolean;
  /** Runs events until `done()` or for `msMax` at most, without microtasks, as whoever calls this blocks its thread. */
  runBlocking(done: () => boolean, msMax: number): void;
}
