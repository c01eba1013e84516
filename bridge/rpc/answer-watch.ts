// How the event loop waits for the answers of one client: it looks for them while that is likely to pay, between
// microtasks, so that whoever is answered can call again at once; then it sleeps until the doorbell rings.
import type { Clock } from '../environment.ts';
import type { ClientPort } from '../plane/plane.ts';
import { weakly } from '../weakly.ts';
import type { SpinBudget } from './spin-budget.ts';

/** Looks between two microtasks, and so many of these between two looks at the clock. */
const looksPerTask = 32;
const tasksPerClock = 16;
/** How long answers are looked for before the event loop has its turn, milliseconds. */
const sliceMs = 0.1;

/** What is waited for. */
export interface AwaitedCalls {
  /** Whether the lease stands, and its home is in reach. */
  readonly active: boolean;
  /** Whether nothing is under way. */
  readonly quiet: boolean;
  /** Whether somebody still waits for something. */
  readonly wanted: boolean;
  /** Completes whatever is answered; true if something was. */
  completeAnswered(): boolean;
}

export interface WatchParts {
  readonly port: ClientPort;
  readonly clock: Clock;
  readonly budget: SpinBudget;
  /** Where server and client share a thread, looking only keeps the server from answering. */
  readonly serverIsHere: boolean;
  readonly calls: AwaitedCalls;
}

export class AnswerWatch {
  /** Those that wait for something: these are kept, with their calls, whoever else has dropped them. */
  static readonly #waiting = new Set<AnswerWatch>();

  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #budget: SpinBudget;
  readonly #serverIsHere: boolean;
  readonly #calls: AwaitedCalls;
  #listening = false;
  /** Whether #look is under way, or asked for. */
  #looking = false;
  /** Microtasks since the last look at the clock. */
  #tasks = 0;
  /** When something was answered last; 0 if that was after the last look at the clock. */
  #idleFromMs = 0;
  #sliceEndMs = 0;
  readonly #look = (): void => this.#lookOnce();

  constructor({ port, clock, budget, serverIsHere, calls }: WatchParts) {
    this.#port = port;
    this.#clock = clock;
    this.#budget = budget;
    this.#serverIsHere = serverIsHere;
    this.#calls = calls;
  }

  /** A request was posted. `serverSlept`: its answer takes a wake-up. */
  begin(serverSlept: boolean): void {
    if (this.#looking) return;
    if (this.#serverIsHere || serverSlept || this.#budget.ms === 0) return this.sleep();
    this.#startLooking();
    queueMicrotask(this.#look);
  }

  /** Completes what is answered, and goes on waiting for the rest. */
  advance(): void {
    if (this.#looking) return;
    this.#port.disarm();
    this.#startLooking();
    this.#lookOnce();
  }

  /** Waits for the doorbell. Nobody waiting is no reason to keep the process alive. */
  sleep(): void {
    const { wanted } = this.#calls;
    AnswerWatch.#waiting.add(this);
    if (!this.#listening) this.#listen();
    this.#port.keepAlive(wanted);
    this.#port.arm();
    // Observes: response, once more after arming. In busy mode a call that somebody waits for is not slept on.
    if (this.#port.look(1) || (wanted && !this.#budget.sleeps)) {
      this.#clock.nextTurn(() => this.#advanceIfActive());
    }
  }

  /** Waits for the lease to come back, if anybody does. */
  pause(): void {
    if (!this.#calls.wanted) return this.rest();
    AnswerWatch.#waiting.add(this);
    this.#port.keepAlive(true);
  }

  /** Nothing is left to wait for. */
  rest(): void {
    this.forget();
    this.#port.keepAlive(false);
  }

  /** Whoever waits has lost interest in the rest, perhaps. */
  reconsider(): void {
    if (!this.#calls.wanted) this.#port.keepAlive(false);
  }

  forget(): void {
    AnswerWatch.#waiting.delete(this);
  }

  /** Weak: a client that its program has dropped is not kept by the lease that it holds. */
  #listen(): void {
    this.#listening = true;
    this.#port.onRing(weakly(this, (watch) => watch.#advanceIfActive()));
  }

  #advanceIfActive(): void {
    if (this.#calls.active) this.advance();
  }

  #startLooking(): void {
    this.#looking = true;
    this.#tasks = 0;
    this.#idleFromMs = this.#clock.nowMs();
    this.#startSlice(this.#idleFromMs);
  }

  #startSlice(nowMs: number): void {
    this.#sliceEndMs = nowMs + Math.max(sliceMs, this.#port.spinMsMax / 2);
  }

  #lookOnce(): void {
    if (!this.#calls.active) {
      this.#looking = false;
      return;
    }
    const answered = this.#port.look(this.#serverIsHere ? 1 : looksPerTask) && this.#calls.completeAnswered();
    if (this.#calls.quiet) return this.#stopLooking();
    if (answered) this.#idleFromMs = 0;
    this.#tasks += 1;
    if (this.#serverIsHere || this.#tasks >= tasksPerClock) return this.#lookAtClock();
    queueMicrotask(this.#look);
  }

  #lookAtClock(): void {
    const nowMs = this.#clock.nowMs();
    this.#tasks = 0;
    if (this.#idleFromMs === 0) {
      this.#idleFromMs = nowMs;
      this.#budget.hit();
    }
    if (this.#serverIsHere || nowMs - this.#idleFromMs >= this.#budget.ms) return this.#fallAsleep();
    if (nowMs < this.#sliceEndMs) return queueMicrotask(this.#look);
    this.#clock.nextTurn(() => {
      this.#startSlice(this.#clock.nowMs());
      this.#lookOnce();
    });
  }

  #fallAsleep(): void {
    this.#looking = false;
    if (!this.#serverIsHere) this.#budget.miss();
    this.sleep();
  }

  #stopLooking(): void {
    this.#looking = false;
    this.#budget.hit();
    this.rest();
  }
}
