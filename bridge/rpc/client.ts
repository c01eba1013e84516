// Calls the server of one lease. A call is posted, looked for while that is likely to pay, then slept for: blocking
// the thread (callSync) or in the event loop (call). One call is in the slot at a time; the others wait in order.

import type { Clock } from '../environment.ts';
import { CapacityExceeded, type FabricError, Unsupported } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { ClientSlot, Lease } from '../lease/lease.ts';
import { queuedCallsMax } from '../limits.ts';
import type { ClientPort } from '../plane/plane.ts';
import { weakly } from '../weakly.ts';
import { BlockingWait } from './blocking-wait.ts';
import { checkDeadline, deadlineExceeded } from './call-deadline.ts';
import { CallMeter } from './call-meter.ts';
import { ClassicClientSlot, checkClassicLayout, checkRequest } from './classic-client-slot.ts';
import { type CallOptions, checkClientOptions, type RpcClientOptions } from './client-options.ts';
import { PendingCall } from './pending-call.ts';
import { SpinBudget } from './spin-budget.ts';

/** Calls completed in one turn of the event loop before others have theirs. */
const completionsPerTurn = 256;

export class RpcClient {
  /** Clients with a call under way: these are kept, whoever else has dropped them. */
  static readonly #waiting = new Set<RpcClient>();

  readonly lease: Lease;
  readonly #slot: ClassicClientSlot;
  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #deadlineMs: number;
  readonly #budget: SpinBudget;
  readonly #blocking: BlockingWait;
  /** Where server and client share a thread, spinning only keeps the server from answering. */
  readonly #serverIsHere: boolean;
  readonly #queue: PendingCall[] = [];
  /** The call in the slot, if it was not answered at once. */
  #current: PendingCall | undefined;
  #listening = false;
  #interrupted: FabricError | undefined;

  /**
   * Takes the lease's client slot. Throws Contention if another client has it, and Unsupported if the lease has no
   * server or was attached without a slot.
   */
  constructor(lease: Lease, options: RpcClientOptions = {}) {
    const { wait, deadlineMs } = checkClientOptions(options);
    checkClassicLayout(lease);
    const slot: ClientSlot = lease.claimClientSlot();
    this.lease = lease;
    this.#slot = new ClassicClientSlot(lease.window, slot);
    this.#port = slot.port;
    this.#clock = lease.context.environment.clock;
    this.#meter = new CallMeter(lease.context.metrics, this.#clock);
    this.#deadlineMs = deadlineMs;
    this.#budget = new SpinBudget(wait, slot.port);
    this.#blocking = new BlockingWait(lease, this.#slot, this.#port, this.#budget);
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
      const deadlineMs = this.#deadlineOf(options);
      if (this.#current !== undefined) return this.#enqueue(methodId, payload, deadlineMs);
      const startedMs = this.#meter.start();
      this.#slot.post(methodId, payload);
      this.#meter.posted();
      if (!this.#serverIsHere && this.#port.look(2 * this.#port.looksPerClock)) {
        const response = this.#takeFast(startedMs, payload.length);
        if (response !== undefined) return Promise.resolve(response);
      }
      return this.#wait(methodId, payload, deadlineMs);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As call(), blocking the thread; calls that wait already go first. Throws Unsupported where the server runs in this very process, which could then
   * never answer.
   */
  callSync(methodId: number, payload: Uint8Array, options?: CallOptions): Uint8Array {
    this.lease.check();
    if (this.#serverIsHere) throw new Unsupported('callSync would wait for a server in its own thread: use call');
    const deadlineMs = this.#deadlineOf(options);
    if (this.#current !== undefined) this.#finishCurrentSync(deadlineMs);
    const startedMs = this.#meter.start();
    this.#slot.post(methodId, payload);
    this.#meter.posted();
    if (this.#port.look(2 * this.#port.looksPerClock)) {
      const response = this.#takeFast(startedMs, payload.length);
      if (response !== undefined) return response;
    }
    return this.#waitSync(methodId, payload, deadlineMs);
  }

  #takeFast(startedMs: number, requestBytes: number): Uint8Array | undefined {
    const response = this.#take();
    if (response !== undefined) this.#meter.answeredAtOnce(startedMs, requestBytes, response.length);
    return response;
  }

  #take(): Uint8Array | undefined {
    try {
      return this.#slot.take();
    } catch (error) {
      this.#meter.failed(error);
      throw error;
    }
  }

  // ---- Blocking.

  #waitSync(methodId: number, payload: Uint8Array, deadlineMs: number): Uint8Array {
    const postedAtMs = this.#clock.nowMs();
    const untilMs = postedAtMs + deadlineMs;
    while (this.#untilResponse(postedAtMs, untilMs)) {
      const response = this.#take();
      if (response === undefined) continue; // Late or foreign: dropped.
      this.#meter.answeredLater(postedAtMs, payload.length, response.length);
      return response;
    }
    // The slot stays taken until the late response comes, which the event loop will see to.
    this.#current = new PendingCall(methodId, payload);
    this.#current.abandoned = true;
    this.#sleep();
    throw deadlineExceeded(true);
  }

  /** Waits until the slot is free: the call in it completes as if the event loop had seen it. */
  #finishCurrentSync(deadlineMs: number): void {
    const startedMs = this.#clock.nowMs();
    while (this.#current !== undefined) {
      if (!this.#untilResponse(startedMs, startedMs + deadlineMs)) {
        this.#sleep(); // Blocking has disarmed the doorbell: from here on the event loop waits again.
        throw deadlineExceeded(false);
      }
      this.#complete(this.#current);
    }
    this.#rest();
  }

  /** As BlockingWait.untilResponse, but the error of a lease that ended knows of the call in the slot. */
  #untilResponse(postedAtMs: number, untilMs: number): boolean {
    try {
      return this.#blocking.untilResponse(postedAtMs, untilMs);
    } catch (error) {
      throw this.#interrupted ?? error;
    }
  }

  // ---- In the event loop.

  #wait(methodId: number, payload: Uint8Array, deadlineMs: number): Promise<Uint8Array> {
    const call = this.#newCall(methodId, payload, deadlineMs);
    call.postedAtMs = this.#clock.nowMs();
    this.#current = call;
    if (!this.#serverIsHere) this.#spin(call.postedAtMs);
    this.#advance();
    return call.promise;
  }

  #spin(fromMs: number): void {
    if (this.#slot.serverSlept) return;
    const endMs = fromMs + Math.min(this.#budget.ms, this.#port.spinMsMax);
    do {
      if (this.#port.look(this.#port.looksPerClock)) return this.#budget.hit();
    } while (this.#clock.nowMs() < endMs);
    this.#budget.miss();
  }

  #enqueue(methodId: number, payload: Uint8Array, deadlineMs: number): Promise<Uint8Array> {
    if (this.#queue.length >= queuedCallsMax) {
      throw new CapacityExceeded(`${queuedCallsMax} calls wait for the slot already, the most that can`);
    }
    checkRequest(methodId, payload);
    const call = this.#newCall(methodId, Uint8Array.from(payload), deadlineMs);
    this.#queue.push(call);
    return call.promise;
  }

  #newCall(methodId: number, payload: Uint8Array, deadlineMs: number): PendingCall {
    const call = new PendingCall(methodId, payload);
    if (deadlineMs !== Number.POSITIVE_INFINITY) {
      call.timer = this.#clock.after(deadlineMs, () => this.#onDeadline(call));
    }
    return call;
  }

  #onDeadline(call: PendingCall): void {
    if (call === this.#current) {
      // The slot is not free before the late response has come, or the session has ended.
      call.abandoned = true;
      call.reject(deadlineExceeded(true));
      this.#port.keepAlive(this.#queue.length > 0);
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
      if (!this.#port.look(this.#serverIsHere ? 1 : this.#port.looksPerClock)) return this.#sleep();
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
    const wanted = this.#queue.length > 0 || this.#current?.abandoned === false;
    this.#port.keepAlive(wanted);
    this.#port.arm();
    // Observes: response, once more after arming. In busy mode a call that somebody waits for is not slept on.
    if (this.#port.look(1) || (wanted && !this.#budget.sleeps)) {
      this.#clock.nextTurn(() => this.#advanceIfActive());
    }
  }

  /** Settles the call in the slot by the response that is there, and posts the next. */
  #complete(call: PendingCall): void {
    try {
      const response = this.#take();
      if (response === undefined) return;
      this.#meter.answeredLater(call.postedAtMs, call.payload.length, response.length);
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
        this.#meter.posted();
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
    this.#interrupted = this.lease.endedError(this.#mayHaveRun());
    this.#current?.reject(this.#interrupted);
    for (const call of this.#queue.splice(0)) call.reject(this.lease.endedError(false));
    this.#current = undefined;
    RpcClient.#waiting.delete(this);
  }

  /**
   * A request that is not taken yet certainly never will be only if its home has ended the lease, or is gone. Where this
   * side has ended it, by its own clock or by a release, the server may still come by.
   */
  #mayHaveRun(): boolean {
    const { status, generation, window } = this.lease;
    const endedThere =
      this.#serverIsHere || status === 'disconnected' || window.control.readStatus(generation) !== 'active';
    return !endedThere || this.#slot.taken;
  }

  #deadlineOf(options: CallOptions | undefined): number {
    const wanted = options?.deadlineMs;
    return wanted === undefined ? this.#deadlineMs : checkDeadline(wanted);
  }
}
