// How callSync waits: it spins, then blocks the thread on its doorbell. The event loop stands still meanwhile, so this
// also listens to the control connection and keeps the lease's deadline.
import type { Clock } from '../environment.ts';
import type { Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
import type { ClientPath } from './client-path.ts';
import { type SpinBudget, worthSpins } from './spin-budget.ts';

/** While spinning without end, the control connection is looked at this often, milliseconds. */
const pumpEveryMs = 1;

export class BlockingWait {
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #path: ClientPath;
  readonly #port: ClientPort;
  readonly #budget: SpinBudget;

  constructor(lease: Lease, path: ClientPath, budget: SpinBudget) {
    this.#lease = lease;
    this.#clock = lease.context.environment.clock;
    this.#path = path;
    this.#port = path.port;
    this.#budget = budget;
  }

  /** True once something is answered, false once the deadline has passed. Throws the lease's error if that ends first. */
  untilAnswer(postedAtMs: number, deadlineMs: number): boolean {
    if (this.#path.serverSlept && this.#budget.sleeps) return this.#sleep(deadlineMs);
    if (this.#spin(postedAtMs, deadlineMs)) {
      this.#budget.hit();
      return true;
    }
    if (this.#clock.nowMs() >= deadlineMs) return false;
    this.#budget.miss();
    const answered = this.#sleep(deadlineMs);
    if (this.#clock.nowMs() - postedAtMs < worthSpins * this.#port.spinMsMax) this.#budget.hit();
    return answered;
  }

  #spin(fromMs: number, deadlineMs: number): boolean {
    const endMs = Math.min(fromMs + this.#budget.ms, deadlineMs);
    let pumpAtMs = fromMs + pumpEveryMs;
    for (;;) {
      if (this.#port.look(this.#port.looksPerClock)) return true;
      const nowMs = this.#clock.nowMs();
      this.#lease.checkDeadline();
      if (nowMs >= endMs) return false;
      if (nowMs < pumpAtMs) continue;
      pumpAtMs = nowMs + pumpEveryMs;
      this.#port.pumpControl();
    }
  }

  #sleep(deadlineMs: number): boolean {
    let answered = this.#fallAsleep();
    for (let nowMs = this.#clock.nowMs(); !answered && nowMs < deadlineMs; nowMs = this.#clock.nowMs()) {
      this.#port.block(Math.max(0, Math.min(deadlineMs, this.#lease.deadlineMs) - nowMs));
      this.#lease.checkDeadline();
      answered = this.#fallAsleep();
    }
    this.#port.disarm();
    return answered;
  }

  /**
   * True if something is answered. Each sleep is a new one, which is rung for: the ring that has ended the one before may have
   * been for an answer that was seen before that, and late.
   */
  #fallAsleep(): boolean {
    this.#port.arm();
    return this.#port.look(1); // Observes: response, once more after arming: the ring that wakes us is due, or not needed.
  }
}
