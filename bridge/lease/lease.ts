// A lease as one process sees it: identity, deadline, and one end. What is common to its home and its holders; how each
// of them keeps time is in home-lease.ts and held-lease.ts.
import type { SlotGrant } from '../control/messages.ts';
import type { Environment, Timer } from '../environment.ts';
import { Disconnected, type FabricError } from '../errors.ts';
import { leaseMsMax, leaseMsMin } from '../limits.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ClientPort, PlaneName, Window } from '../plane/plane.ts';
import type { SlotLayout } from './control-page.ts';
import { stateOf, stateWord } from './control-page.ts';
import type { LeaseId } from './lease-id.ts';
import { type EndedStatus, endedError, type LeaseStatus } from './lease-status.ts';
import { LeaseMemory } from './memory.ts';
import { type RenewalPolicy, renewalBackoffMs, renewalDelayMs, seededDraws } from './renewal.ts';

/** What became of a revocation: nothing can reach the bytes any more, or that could not be confirmed. */
export type RevokeOutcome = 'torn-down' | 'fenced';

/** A client's slots: where they are, which request ids are its own, and how to reach the server. */
export interface ClientSlots extends SlotGrant {
  readonly port: ClientPort;
}

export interface LeaseContext {
  readonly environment: Environment;
  readonly metrics: Metrics;
}

export interface LeaseGrant {
  readonly id: LeaseId;
  readonly generation: number;
  readonly window: Window;
  /** Deadline by this process's monotonic clock, milliseconds. */
  readonly deadlineMs: number;
  /** Time of the grant, which a renewal repeats. */
  readonly leaseMs: number;
}

interface AutomaticRenewal {
  readonly policy: RenewalPolicy;
  readonly draw: () => number;
  /** Renewals that failed since the deadline last moved. */
  failures: number;
}

export abstract class Lease {
  readonly id: LeaseId;
  readonly generation: number;
  readonly arenaBytes: number;
  readonly window: Window;
  readonly memory: LeaseMemory;
  readonly context: LeaseContext;
  readonly #words: Int32Array;
  readonly #activeState: number;
  readonly #endListeners = new Set<(status: EndedStatus) => void>();
  #status: LeaseStatus = 'active';
  #deadlineMs: number;
  #leaseMs: number;
  #deadlineTimer: Timer | undefined;
  #renewalTimer: Timer | undefined;
  #automatic: AutomaticRenewal | undefined;

  constructor(grant: LeaseGrant, context: LeaseContext) {
    this.id = grant.id;
    this.generation = grant.generation;
    this.window = grant.window;
    this.arenaBytes = grant.window.arena.length;
    this.memory = new LeaseMemory(this);
    this.context = context;
    this.#words = grant.window.control.words;
    this.#activeState = stateOf('active', grant.generation);
    this.#deadlineMs = grant.deadlineMs;
    this.#leaseMs = grant.leaseMs;
  }

  get plane(): PlaneName {
    return this.window.plane;
  }

  get status(): LeaseStatus {
    return this.#status;
  }

  /** By this process's monotonic clock. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  get leaseMs(): number {
    return this.#leaseMs;
  }

  /** Milliseconds until this process stops using the lease; 0 once it ended. */
  get remainingMs(): number {
    if (this.#status !== 'active') return 0;
    return Math.max(0, this.#deadlineMs - this.context.environment.clock.nowMs());
  }

  /** How the lease's bytes are used, as its home has said to this process. */
  abstract get layout(): SlotLayout;

  /** How they are used, as the control page says now. */
  readLayout(): SlotLayout {
    this.check();
    return this.window.control.readLayout();
  }

  /**
   * The hot path's check: two loads. Throws the lease's error once it has ended, here or in its control page. Observes:
   * lease state, by a plain load: an end that is seen one operation late is an end that came one operation later.
   */
  check(): void {
    if (this.#status === 'active' && this.#words[stateWord] === this.#activeState) return;
    this.#throwEnded();
  }

  /**
   * As check(), and looks at the clock too: for whoever may have been held up since the timer should have fired. Throws
   * Disconnected while the way to the home is interrupted.
   */
  checkDeadline(): void {
    this.check();
    if (this.context.environment.clock.nowMs() >= this.#deadlineMs) {
      this.end('expired');
      this.check();
    }
    if (this.interrupted) throw this.interruptedError(false);
  }

  /** Whether the way to the home is lost, and is looked for. A home always reaches itself. */
  get interrupted(): boolean {
    return false;
  }

  /** Resolves when the home is in reach, or the lease has ended. Keeps the process alive. */
  async whenReached(): Promise<void> {}

  /** The error of what an interruption broke off, or kept from being begun. */
  interruptedError(mayHaveExecuted: boolean): FabricError {
    return new Disconnected(`the way to the home of lease ${this.id} is interrupted`, { mayHaveExecuted });
  }

  /** Calls back when the way to the home is lost. */
  onInterrupted(_listener: () => void): void {}

  /** Calls back when it is found again; with slots where some were lost, in which nothing is as it was. */
  onResumed(_listener: (slots: ClientSlots | undefined) => void): void {}

  /** The error of a lease that has ended. */
  endedError(mayHaveExecuted: boolean): FabricError {
    const status = this.#status === 'active' ? 'revoked' : this.#status;
    return endedError(status, this.id, mayHaveExecuted);
  }

  /** Calls back once when the lease ends, before its window closes. Returns how to unsubscribe. */
  onEnd(listener: (status: EndedStatus) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Moves the deadline to `leaseMs` from now; by default as long as it was granted for. Only the home brings it nearer. */
  abstract renew(leaseMs?: number): Promise<void>;
  /** Gives the lease back: at home it ends for everybody, at a holder only there. */
  abstract release(): Promise<void>;
  /** Takes the lease away from every holder. Only its home can. */
  abstract revoke(): Promise<RevokeOutcome>;
  /**
   * The slots of this process's client: at a holder all that it attached with, at home `count`. Throws Contention or
   * CapacityExceeded if others have them, Unsupported if there are none.
   */
  abstract claimClientSlots(count: number): ClientSlots;

  /** Keeps the lease alive until it ends, by renewing it in time. */
  renewAutomatically(policy: RenewalPolicy): void {
    this.#automatic = { policy, draw: seededDraws(this.id), failures: 0 };
    this.#planRenewal(this.#automatic);
  }

  /** Ends the lease here: listeners first, then the window, so that no view outlives the lease. Only the first end counts. */
  end(status: EndedStatus): void {
    if (this.#status !== 'active') return;
    this.#status = status;
    this.#deadlineTimer?.cancel();
    this.#renewalTimer?.cancel();
    if (status === 'expired') this.context.metrics.leasesExpired += 1;
    if (status === 'revoked') this.context.metrics.leasesRevoked += 1;
    for (const listener of [...this.#endListeners]) tell(listener, status);
    this.#endListeners.clear();
    this.teardown(status);
  }

  /** Whatever the lease holds goes; its window is closed afterwards. */
  protected abstract teardown(status: EndedStatus): void;

  /** Takes a new deadline, and ends the lease at it. */
  protected setDeadline(deadlineMs: number, leaseMs: number): void {
    if (this.#status !== 'active') return;
    const { clock } = this.context.environment;
    this.#deadlineMs = deadlineMs;
    this.#leaseMs = leaseMs;
    this.#deadlineTimer?.cancel();
    this.#deadlineTimer = clock.after(Math.max(0, deadlineMs - clock.nowMs()), () => this.end('expired'));
    if (this.#automatic !== undefined) this.#planRenewal(this.#automatic);
  }

  /** Anew whenever the deadline has moved, whoever moved it, and where to. */
  #planRenewal(automatic: AutomaticRenewal): void {
    automatic.failures = 0;
    const { policy, draw } = automatic;
    this.#renewAfter(renewalDelayMs(this.remainingMs, policy, draw()), automatic);
  }

  #renewAfter(delayMs: number, automatic: AutomaticRenewal): void {
    this.#renewalTimer?.cancel();
    if (this.#status !== 'active') return;
    this.#renewalTimer = this.context.environment.clock.after(delayMs, () => {
      if (this.interrupted) return; // Planned anew once the home is reached: nobody waits for this one.
      this.renew().catch(() => {
        automatic.failures += 1;
        this.#renewAfter(renewalBackoffMs(automatic.failures, automatic.policy), automatic);
      });
    });
  }

  #throwEnded(): never {
    if (this.#status === 'active') {
      const status = this.window.control.readStatus(this.generation);
      this.end(status === 'active' ? 'revoked' : status);
    }
    throw this.endedError(false);
  }
}

/** A listener that throws keeps neither the others from hearing nor the lease from ending: its error surfaces later. */
function tell(listener: (status: EndedStatus) => void, status: EndedStatus): void {
  try {
    listener(status);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Throws RangeError unless a lease can last that long. */
export function checkLeaseMs(leaseMs: number): void {
  if (leaseMs >= leaseMsMin && leaseMs <= leaseMsMax) return;
  throw new RangeError(`a lease lasts from ${leaseMsMin} to ${leaseMsMax} ms, not ${leaseMs}`);
}
