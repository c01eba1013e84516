// The calls of one client that the event loop completes: one is in the slot, the others wait in order. Each is looked
// for while that is likely to pay, then slept for.
import type { Clock } from '../environment.ts';
import { CapacityExceeded, type FabricError } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { ClientSlot, Lease } from '../lease/lease.ts';
import { queuedCallsMax } from '../limits.ts';
import type { ClientPort } from '../plane/plane.ts';
import { weakly } from '../weakly.ts';
import { deadlineExceeded } from './call-deadline.ts';
import type { CallMeter } from './call-meter.ts';
import { type ClassicClientSlot, checkRequest } from './classic-client-slot.ts';
import { PendingCall } from './pending-call.ts';
import type { SpinBudget } from './spin-budget.ts';

/** Calls completed in one turn of the event loop before others have theirs. */
const completionsPerTurn = 256;

/** One call, as its caller wants it. */
export interface CallRequest {
  readonly methodId: number;
  readonly payload: Uint8Array;
  /** Milliseconds from now; Infinity for none. */
  readonly deadlineMs: number;
  /** Whether it may run twice. */
  readonly idempotent: boolean;
}

export interface LaneParts {
  /** Whoever makes the calls: kept while some are under way. */
  readonly owner: object;
  readonly lease: Lease;
  readonly slot: ClassicClientSlot;
  readonly port: ClientPort;
  readonly meter: CallMeter;
  readonly budget: SpinBudget;
}

export class CallLane {
  /** Lanes with a call under way: these are kept, whoever else has dropped them. */
  static readonly #waiting = new Set<CallLane>();
  /** Stands in the slot while the way to the home is interrupted: nothing can be posted. */
  static readonly #interruption = PendingCall.ofNobody();

  /** Where server and client share a thread, spinning only keeps the server from answering. */
  readonly serverIsHere: boolean;
  readonly owner: object;
  readonly #lease: Lease;
  readonly #slot: ClassicClientSlot;
  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #budget: SpinBudget;
  readonly #queue: PendingCall[] = [];
  /** The call in the slot, if it was not answered at once. */
  #current: PendingCall | undefined;
  #brokenOff: FabricError | undefined;
  #listening = false;

  constructor({ owner, lease, slot, port, meter, budget }: LaneParts) {
    this.serverIsHere = lease instanceof HomeLease;
    this.owner = owner;
    this.#lease = lease;
    this.#slot = slot;
    this.#port = port;
    this.#clock = lease.context.environment.clock;
    this.#meter = meter;
    this.#budget = budget;
    // Weak, here and in sleep(): a client that its program has dropped is not kept by the lease that it holds.
    lease.onEnd(weakly(this, (lane) => lane.#onLeaseEnd()));
    lease.onInterrupted(weakly(this, (lane) => lane.#onInterrupted()));
    lease.onResumed(weakly(this, (lane, slot: ClientSlot | undefined) => lane.#onResumed(slot)));
  }

  /** Whether something is in the slot, or keeps others from it. */
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** What becomes of a call that was in the slot when the lease ended, or was interrupted. */
  get brokenOff(): FabricError | undefined {
    return this.#brokenOff;
  }

  /** The request is in the slot. A copy of what may have to go there again is kept. */
  wait(request: CallRequest): Promise<Uint8Array> {
    const { idempotent, payload } = request;
    const call = new PendingCall(idempotent ? { ...request, payload: Uint8Array.from(payload) } : request);
    call.postedAtMs = this.#clock.nowMs();
    this.#current = call;
    if (!this.serverIsHere) this.#spin(call.postedAtMs);
    this.advance();
    // A timer costs as much as a call: none for what is answered by now.
    if (!call.settled) this.#limit(call, call.postedAtMs + request.deadlineMs - this.#clock.nowMs());
    return call.promise;
  }

  /** The slot is taken. Throws CapacityExceeded if too many wait for it. */
  enqueue(request: CallRequest): Promise<Uint8Array> {
    const { methodId, payload } = request;
    if (this.#queue.length >= queuedCallsMax) {
      throw new CapacityExceeded(`${queuedCallsMax} calls wait for the slot already, the most that can`);
    }
    checkRequest(methodId, payload);
    const call = new PendingCall({ ...request, payload: Uint8Array.from(payload) });
    this.#limit(call, request.deadlineMs);
    this.#queue.push(call);
    if (this.#current?.abandoned) this.#stayAwake();
    return call.promise;
  }

  /** The request in the slot has lost its caller: the slot stays taken until the late response comes. */
  abandon(methodId: number, payload: Uint8Array, postedAtMs: number): void {
    this.#current = PendingCall.ofNobody(methodId, payload);
    this.#current.postedAtMs = postedAtMs;
    this.sleep();
  }

  /** Completes whatever is answered, posts what waits, and goes to sleep if something is left to wait for. */
  advance(): void {
    this.#port.disarm();
    for (let completed = 0; completed < completionsPerTurn; completed++) {
      if (this.#current === undefined) return this.rest();
      if (!this.#port.look(this.serverIsHere ? 1 : this.#port.looksPerClock)) return this.sleep();
      this.complete();
    }
    this.#clock.nextTurn(() => this.#advanceIfActive());
  }

  /** Settles the call in the slot by the response that is there, and posts the next. */
  complete(): void {
    const call = this.#current;
    if (call === undefined) return;
    try {
      const response = this.#slot.takeCounted(this.#meter);
      if (response === undefined) return;
      this.#meter.answeredLater(call.postedAtMs, call.payload.length, response.length);
      call.resolve(response);
    } catch (error) {
      call.reject(error);
    }
    this.#current = undefined;
    this.#postNext();
  }

  /** Nothing is left to wait for. */
  rest(): void {
    CallLane.#waiting.delete(this);
    this.#port.keepAlive(false);
  }

  sleep(): void {
    CallLane.#waiting.add(this);
    if (!this.#listening) {
      this.#port.onRing(weakly(this, (lane) => lane.#advanceIfActive()));
      this.#listening = true;
    }
    const wanted = this.#queue.length > 0 || this.#current?.abandoned === false;
    this.#port.keepAlive(wanted);
    this.#port.arm();
    // Observes: response, once more after arming. In busy mode a call that somebody waits for is not slept on.
    if (this.#port.look(1) || (wanted && !this.#budget.sleeps)) {
      this.#clock.nextTurn(() => this.#advanceIfActive());
    }
  }

  #spin(fromMs: number): void {
    if (this.#slot.serverSlept) return;
    const endMs = fromMs + Math.min(this.#budget.ms, this.#port.spinMsMax);
    do {
      if (this.#port.look(this.#port.looksPerClock)) return this.#budget.hit();
    } while (this.#clock.nowMs() < endMs);
    this.#budget.miss();
  }

  #limit(call: PendingCall, leftMs: number): void {
    if (leftMs === Number.POSITIVE_INFINITY) return;
    call.timer = this.#clock.after(Math.max(leftMs, 0), () => this.#onDeadline(call));
  }

  #onDeadline(call: PendingCall): void {
    if (call === this.#current) {
      // The slot is not free before the late response has come, or the session has ended.
      call.abandoned = true;
      call.reject(deadlineExceeded(true));
      this.#port.keepAlive(this.#queue.length > 0);
    } else {
      this.#queue.splice(this.#queue.indexOf(call), 1);
      call.reject(deadlineExceeded(call.mayHaveRun));
      if (this.#current?.abandoned) this.#port.keepAlive(this.#queue.length > 0);
    }
  }

  #advanceIfActive(): void {
    if (this.#lease.status === 'active' && this.#current !== CallLane.#interruption) this.advance();
  }

  #postNext(): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      try {
        call.postedAtMs = this.#clock.nowMs();
        this.#slot.post(call.methodId, call.payload);
        this.#meter.posted();
        this.#current = call;
        return;
      } catch (error) {
        call.reject(error); // Its own fault, such as a payload that does not fit: the slot is still free.
      }
    }
  }

  // ---- Interruption and end.

  /** The call in the slot may have run: only if it may run twice does it wait for the home to be reached again. */
  #onInterrupted(): void {
    const call = this.#current;
    this.#brokenOff = this.#lease.interruptedError(true);
    this.#current = CallLane.#interruption;
    if (call === undefined || call.abandoned) return;
    call.mayHaveRun = true;
    if (!call.idempotent) call.reject(this.#brokenOff);
    else this.#queue.unshift(call);
    this.#stayAwake();
  }

  /** Nothing of what was in the slot before will be answered in this one. */
  #onResumed(slot: ClientSlot | undefined): void {
    if (slot === undefined) return;
    this.#slot.restart(slot);
    this.#brokenOff = undefined;
    this.#current = undefined;
    this.#postNext();
    this.advance();
  }

  #stayAwake(): void {
    if (this.#queue.length === 0) return this.rest();
    CallLane.#waiting.add(this);
    this.#port.keepAlive(true);
  }

  /** Before the window closes: what stands in the slot tells whether the call in it may have run. */
  #onLeaseEnd(): void {
    this.#brokenOff = this.#lease.endedError(this.#mayHaveRun());
    this.#current?.reject(this.#brokenOff);
    for (const call of this.#queue.splice(0)) call.reject(this.#lease.endedError(call.mayHaveRun));
    this.#current = undefined;
    CallLane.#waiting.delete(this);
  }

  /**
   * A request that is not taken yet certainly never will be only if its home has ended the lease, or is gone. Where this
   * side has ended it, by its own clock or by a release, the server may still come by.
   */
  #mayHaveRun(): boolean {
    const { status, generation, window } = this.#lease;
    const endedThere =
      this.serverIsHere || status === 'disconnected' || window.control.readStatus(generation) !== 'active';
    return !endedThere || this.#slot.taken;
  }
}
