// Calls the server of one lease. A call is posted, looked for while that is likely to pay, then slept for: blocking
// the thread (callSync) or in the event loop (call). One call is in the slot at a time; the others wait in order.

import type { Clock } from '../environment.ts';
import { CapacityExceeded, DeadlineExceeded, type FabricError, Unsupported } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { ClientSlot, Lease } from '../lease/lease.ts';
import { callDeadlineMs, queuedCallsMax } from '../limits.ts';
import { latencySampleEvery, type Metrics } from '../metrics/metrics.ts';
import type { ClientPort } from '../plane/plane.ts';
import { RemoteError } from '../remote-error.ts';
import { ClassicClientSlot, checkRequest } from './classic-client-slot.ts';
import { PendingCall } from './pending-call.ts';
import { SpinBudget, type WaitMode } from './spin-budget.ts';

export interface RpcClientOptions {
  /** How calls wait for their response. Defaults to `adaptive`. */
  readonly wait?: WaitMode;
  /** Deadline of a call that names none, in milliseconds from the call. Defaults to 30 s. */
  readonly deadlineMs?: number;
}

export interface CallOptions {
  /** Milliseconds until the call fails with DeadlineExceeded; Infinity for none but the lease's own. */
  readonly deadlineMs?: number;
}

/** Looks at the slot before the first look at the clock: about a microsecond, in which a busy server answers. */
const firstLoads = 512;
/** Looks between two looks at the clock. */
const loadsPerLook = 256;
/** The most that a call spins, milliseconds: about what a wake-up costs. */
const spinMsMax = 0.05;
/** A sleeper that was answered sooner than this would have done better to spin. */
const worthSpinningMs: number = 2 * spinMsMax;
/** While spinning without end, the control connection is looked at this often, milliseconds. */
const pumpEveryMs = 1;
/** Calls completed in one turn of the event loop before others have theirs. */
const completionsPerTurn = 256;

export class RpcClient {
  /** Clients with a call under way: these are kept, whoever else has dropped them. */
  static readonly #waiting = new Set<RpcClient>();

  readonly lease: Lease;
  readonly #slot: ClassicClientSlot;
  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #deadlineMs: number;
  readonly #budget: SpinBudget;
  /** Where server and client share a thread, spinning only keeps the server from answering. */
  readonly #serverIsHere: boolean;
  readonly #queue: PendingCall[] = [];
  /** The call in the slot, if it was not answered at once. */
  #current: PendingCall | undefined;
  #listening = false;
  #sampleIn = 0;
  #interrupted: FabricError | undefined;

  /**
   * Takes the lease's client slot. Throws Contention if another client has it, and Unsupported if the lease has no
   * server or was attached without a slot.
   */
  constructor(lease: Lease, options: RpcClientOptions = {}) {
    const slot: ClientSlot = lease.claimClientSlot();
    this.lease = lease;
    this.#slot = new ClassicClientSlot(lease.window, slot);
    this.#port = slot.port;
    this.#clock = lease.context.environment.clock;
    this.#metrics = lease.context.metrics;
    this.#deadlineMs = checkDeadline(options.deadlineMs ?? callDeadlineMs);
    this.#budget = new SpinBudget(options.wait ?? 'adaptive', spinMsMax);
    this.#serverIsHere = lease instanceof HomeLease;
    // Weak, here and in #sleep: a client that its program has dropped is not kept by the lease that it holds.
    lease.onEnd(weakly(this, (client) => client.#onLeaseEnd()));
  }

  /**
   * Calls a method and resolves to its response, owned by the caller. `payload` (0 … 32751 bytes) is copied before this
   * returns. Rejects with RemoteError if the handler failed, with PayloadTooLarge before anything is written, and with a
   * FabricError, whose `mayHaveExecuted` counts, otherwise.
   */
  call(methodId: number, payload: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    try {
      this.lease.check();
      if (this.#current !== undefined) return this.#enqueue(methodId, payload, options);
      const startedMs = this.#startSample();
      this.#slot.post(methodId, payload);
      this.#metrics.clientRequests += 1;
      if (!this.#serverIsHere && this.#slot.spin(firstLoads)) {
        const response = this.#takeFast(startedMs, payload.length);
        if (response !== undefined) return Promise.resolve(response);
      }
      return this.#wait(methodId, payload, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As call(), blocking the thread. Throws Unsupported where the server runs in this very process, which could then
   * never answer.
   */
  callSync(methodId: number, payload: Uint8Array, options?: CallOptions): Uint8Array {
    this.lease.check();
    if (this.#serverIsHere)
      throw new Unsupported('callSync would wait for a server in its own thread: use call');
    const deadlineMs = options?.deadlineMs;
    if (this.#current !== undefined) this.#finishCurrentSync(deadlineMs);
    const startedMs = this.#startSample();
    this.#slot.post(methodId, payload);
    this.#metrics.clientRequests += 1;
    if (this.#slot.spin(firstLoads)) {
      const response = this.#takeFast(startedMs, payload.length);
      if (response !== undefined) return response;
    }
    return this.#waitSync(methodId, payload, deadlineMs);
  }

  // ---- The fast path: answered within the first look.

  /** The time, for one call in many; 0 for the others. */
  #startSample(): number {
    if (this.#sampleIn > 0) {
      this.#sampleIn -= 1;
      return 0;
    }
    this.#sampleIn = latencySampleEvery - 1;
    return this.#clock.nowMs();
  }

  #takeFast(startedMs: number, requestBytes: number): Uint8Array | undefined {
    const response = this.#takeCounted();
    if (startedMs !== 0 && response !== undefined) {
      this.#record(startedMs, requestBytes, response.length, latencySampleEvery);
    }
    return response;
  }

  #takeCounted(): Uint8Array | undefined {
    try {
      const response = this.#slot.take();
      if (response !== undefined) this.#metrics.clientResponses += 1;
      return response;
    } catch (error) {
      if (error instanceof RemoteError) this.#metrics.clientErrors += 1;
      else this.#metrics.malformedFrames += 1;
      throw error;
    }
  }

  #record(startedMs: number, requestBytes: number, responseBytes: number, weight: number): void {
    this.#metrics.callLatencyNs.record((this.#clock.nowMs() - startedMs) * 1e6, weight);
    this.#metrics.requestBytes.record(requestBytes, weight);
    this.#metrics.responseBytes.record(responseBytes, weight);
  }

  // ---- Blocking.

  #waitSync(methodId: number, payload: Uint8Array, deadlineMs: number | undefined): Uint8Array {
    const startedMs = this.#clock.nowMs();
    const call = { methodId, payload, deadlineMs: startedMs + this.#deadlineOf(deadlineMs) };
    for (;;) {
      this.#lookSync(startedMs, call.deadlineMs);
      if (this.#slot.spin(1)) {
        const response = this.#takeCounted();
        if (response === undefined) continue;
        this.#record(startedMs, payload.length, response.length, 1);
        return response;
      }
      if (this.#clock.nowMs() >= call.deadlineMs) throw this.#abandonSync(call);
    }
  }

  /** Spins, then sleeps, until a response is there or the deadline has passed. Throws if the lease ends. */
  #lookSync(startedMs: number, deadlineMs: number): void {
    const spinEndMs = startedMs + this.#budget.ms;
    let pumpAtMs = startedMs + pumpEveryMs;
    for (;;) {
      if (this.#slot.spin(loadsPerLook)) return this.#budget.hit();
      const nowMs = this.#clock.nowMs();
      if (nowMs >= deadlineMs) return;
      this.#throwIfEnded();
      if (nowMs >= spinEndMs) break;
      if (nowMs < pumpAtMs) continue;
      pumpAtMs = nowMs + pumpEveryMs;
      this.#port.pumpControl();
    }
    this.#budget.miss();
    this.#blockUntilReady(deadlineMs);
    if (this.#clock.nowMs() - startedMs < worthSpinningMs) this.#budget.hit();
  }

  #blockUntilReady(deadlineMs: number): void {
    this.#port.arm();
    // Observes: response, once more after arming, so that the ring which would wake us is either due or not needed.
    while (!this.#slot.spin(1)) {
      const untilMs = Math.min(deadlineMs, this.lease.deadlineMs);
      this.#port.block(Math.max(0, untilMs - this.#clock.nowMs()));
      this.#throwIfEnded();
      if (this.#clock.nowMs() >= deadlineMs) break;
    }
    this.#port.disarm();
  }

  /** As lease.checkDeadline(), but the error knows of the call in the slot. */
  #throwIfEnded(): void {
    try {
      this.lease.checkDeadline();
    } catch (error) {
      throw this.#interrupted ?? error;
    }
  }

  /** The slot stays taken until the late response comes, which the event loop will see to. */
  #abandonSync(call: { methodId: number; payload: Uint8Array; deadlineMs: number }): DeadlineExceeded {
    const abandoned = new PendingCall(call);
    abandoned.abandoned = true;
    this.#current = abandoned;
    this.#sleep();
    return deadlineExceeded(true);
  }

  /** Waits until the slot is free: the call in it completes as if the event loop had seen it. */
  #finishCurrentSync(deadlineMs: number | undefined): void {
    const startedMs = this.#clock.nowMs();
    const untilMs = startedMs + this.#deadlineOf(deadlineMs);
    while (this.#current !== undefined) {
      this.#lookSync(startedMs, untilMs);
      if (this.#slot.spin(1)) this.#complete(this.#current);
      else if (this.#clock.nowMs() >= untilMs) throw deadlineExceeded(false);
    }
  }

  // ---- In the event loop.

  #wait(methodId: number, payload: Uint8Array, options: CallOptions | undefined): Promise<Uint8Array> {
    const call = this.#newCall(methodId, payload, options);
    call.postedAtMs = this.#clock.nowMs();
    this.#current = call;
    if (!this.#serverIsHere) this.#spin(call.postedAtMs);
    this.#advance();
    return call.promise;
  }

  #spin(fromMs: number): void {
    const endMs = fromMs + Math.min(this.#budget.ms, spinMsMax);
    do {
      if (this.#slot.spin(loadsPerLook)) return this.#budget.hit();
    } while (this.#clock.nowMs() < endMs);
    this.#budget.miss();
  }

  #enqueue(methodId: number, payload: Uint8Array, options: CallOptions | undefined): Promise<Uint8Array> {
    if (this.#queue.length >= queuedCallsMax) {
      throw new CapacityExceeded(`${queuedCallsMax} calls wait for the slot already, the most that can`);
    }
    checkRequest(methodId, payload);
    const call = this.#newCall(methodId, payload.slice(), options);
    this.#queue.push(call);
    return call.promise;
  }

  #newCall(methodId: number, payload: Uint8Array, options: CallOptions | undefined): PendingCall {
    const deadlineMs = this.#clock.nowMs() + this.#deadlineOf(options?.deadlineMs);
    const call = new PendingCall({ methodId, payload, deadlineMs });
    if (deadlineMs !== Number.POSITIVE_INFINITY) call.startTimer(this.#clock, () => this.#onDeadline(call));
    return call;
  }

  #onDeadline(call: PendingCall): void {
    if (call === this.#current) {
      // The slot is not free before the late response has come, or the session has ended.
      call.abandoned = true;
      call.reject(deadlineExceeded(true));
    } else {
      this.#queue.splice(this.#queue.indexOf(call), 1);
      call.reject(deadlineExceeded(false));
    }
  }

  /** Completes whatever is answered, posts what waits, and goes to sleep if something is left to wait for. */
  #advance(): void {
    this.#port.disarm();
    for (let completed = 0; completed < completionsPerTurn; completed++) {
      if (this.#current === undefined) return this.#rest();
      if (!this.#slot.spin(this.#serverIsHere ? 1 : loadsPerLook)) return this.#sleep();
      this.#complete(this.#current);
    }
    this.#clock.nextTurn(() => this.#advanceIfActive());
  }

  #advanceIfActive(): void {
    if (this.lease.status === 'active') this.#advance();
  }

  /** Nothing is left to wait for. */
  #rest(): void {
    RpcClient.#waiting.delete(this);
    this.#port.keepAlive(false);
  }

  #sleep(): void {
    RpcClient.#waiting.add(this);
    if (!this.#listening) {
      this.#port.onRing(weakly(this, (client) => client.#advanceIfActive()));
      this.#listening = true;
    }
    this.#port.keepAlive(this.#queue.length > 0 || this.#current?.abandoned === false);
    this.#port.arm();
    // Observes: response, once more after arming. In busy mode this side never relies on being woken.
    if (this.#slot.spin(1) || this.#budget.ms === Number.POSITIVE_INFINITY) {
      this.#clock.nextTurn(() => this.#advanceIfActive());
    }
  }

  /** Settles the call in the slot by the response that is there, and posts the next. */
  #complete(call: PendingCall): void {
    try {
      const response = this.#takeCounted();
      if (response === undefined) return;
      this.#record(call.postedAtMs, call.payload.length, response.length, 1);
      call.resolve(response);
    } catch (error) {
      call.reject(error);
    }
    this.#current = undefined;
    this.#postNext();
  }

  #postNext(): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      try {
        call.postedAtMs = this.#clock.nowMs();
        this.#slot.post(call.methodId, call.payload);
        this.#metrics.clientRequests += 1;
        this.#current = call;
        return;
      } catch (error) {
        call.reject(error); // Its own fault, such as a payload that does not fit: the slot is still free.
      }
    }
  }

  // ---- The end.

  /** Before the window closes: what stands in the slot tells whether the call in it may have run. */
  #onLeaseEnd(): void {
    this.#interrupted = this.lease.endedError(this.#slot.taken);
    this.#current?.reject(this.#interrupted);
    for (const call of this.#queue.splice(0)) call.reject(this.lease.endedError(false));
    this.#current = undefined;
    RpcClient.#waiting.delete(this);
  }

  #deadlineOf(deadlineMs: number | undefined): number {
    return deadlineMs === undefined ? this.#deadlineMs : checkDeadline(deadlineMs);
  }
}

/** Calls `act` with `target`, for as long as somebody else keeps that. */
function weakly<T extends object>(target: T, act: (target: T) => void): () => void {
  const weak = new WeakRef(target);
  return () => {
    const found = weak.deref();
    if (found !== undefined) act(found);
  };
}

function checkDeadline(deadlineMs: number): number {
  if (deadlineMs > 0) return deadlineMs;
  throw new RangeError(`a deadline lies ahead: more than 0 ms, not ${deadlineMs}`);
}

function deadlineExceeded(mayHaveExecuted: boolean): DeadlineExceeded {
  const fate = mayHaveExecuted ? 'the request was posted and may still run' : 'the request was never posted';
  return new DeadlineExceeded(`no response before the call's deadline; ${fate}`, { mayHaveExecuted });
}
