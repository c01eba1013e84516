// Calls the server of one lease. A call is posted, looked for while that is likely to pay, then slept for: blocking
// the thread (callSync) or in the event loop (call). One call is in the slot at a time; the others wait in order.
import type { Clock } from '../environment.ts';
import { Unsupported } from '../errors.ts';
import type { ClientSlot, Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
import { BlockingWait } from './blocking-wait.ts';
import { checkDeadline, deadlineExceeded } from './call-deadline.ts';
import { CallLane, type CallRequest } from './call-lane.ts';
import { CallMeter } from './call-meter.ts';
import { ClassicClientSlot, checkClassicLayout } from './classic-client-slot.ts';
import { type CallOptions, checkClientOptions, type RpcClientOptions } from './client-options.ts';
import { SpinBudget } from './spin-budget.ts';

export class RpcClient {
  readonly lease: Lease;
  readonly #slot: ClassicClientSlot;
  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #deadlineMs: number;
  readonly #blocking: BlockingWait;
  readonly #lane: CallLane;

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
    const budget = new SpinBudget(wait, slot.port);
    this.#blocking = new BlockingWait(lease, this.#slot, this.#port, budget);
    const { port } = slot;
    this.#lane = new CallLane({ owner: this, lease, slot: this.#slot, port, meter: this.#meter, budget });
  }

  /**
   * Calls a method and resolves to its response, owned by the caller. `payload` (0 … 32751 bytes) is copied before this
   * returns. Rejects with RemoteError if the handler failed, with PayloadTooLarge before anything is written, and with a
   * FabricError, whose `mayHaveExecuted` counts, otherwise. While the way to another machine is interrupted, calls wait
   * for it; one that was under way fails with Disconnected, unless it is idempotent: then it is made again.
   */
  call(methodId: number, payload: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    try {
      const response = this.#begin(methodId, payload, options);
      return response instanceof Uint8Array ? Promise.resolve(response) : response;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As call(), resolving to what `read` makes of the response. Where that is there at once it is read at once: one promise,
   * and one turn of the microtasks, less than call().then(read).
   */
  callAs<T>(
    methodId: number,
    payload: Uint8Array,
    read: (response: Uint8Array) => T | Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    try {
      const response = this.#begin(methodId, payload, options);
      return response instanceof Uint8Array ? Promise.resolve(read(response)) : response.then(read);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As call(), blocking the thread; calls that wait already go first. Throws Unsupported where the server runs in this
   * very process, which could then never answer. A thread that blocks cannot find a lost home again: a call that is
   * interrupted fails, idempotent or not.
   */
  callSync(methodId: number, payload: Uint8Array, options?: CallOptions): Uint8Array {
    this.lease.check();
    if (this.#lane.serverIsHere) throw new Unsupported('callSync would wait for a server in its own thread: use call');
    const deadlineMs = this.#deadlineOf(options);
    if (this.#lane.busy) this.#finishOthersSync(deadlineMs);
    const startedMs = this.#meter.start();
    this.#slot.post(methodId, payload);
    this.#meter.posted();
    if (this.#port.look(2 * this.#port.looksPerClock)) {
      const response = this.#takeFast(startedMs, payload.length);
      if (response !== undefined) return response;
    }
    return this.#waitSync(methodId, payload, deadlineMs);
  }

  /** Posts a call: gives its response if that is there at once. */
  #begin(methodId: number, payload: Uint8Array, options?: CallOptions): Uint8Array | Promise<Uint8Array> {
    this.lease.check();
    const deadlineMs = this.#deadlineOf(options);
    if (this.#lane.busy) return this.#lane.enqueue(this.#request(methodId, payload, deadlineMs, options));
    const startedMs = this.#meter.start();
    this.#slot.post(methodId, payload);
    this.#meter.posted();
    if (!this.#lane.serverIsHere && this.#port.look(2 * this.#port.looksPerClock)) {
      const response = this.#takeFast(startedMs, payload.length);
      if (response !== undefined) return response;
    }
    return this.#lane.wait(this.#request(methodId, payload, deadlineMs, options));
  }

  #takeFast(startedMs: number, requestBytes: number): Uint8Array | undefined {
    const response = this.#slot.takeCounted(this.#meter);
    if (response !== undefined) this.#meter.answeredAtOnce(startedMs, requestBytes, response.length);
    return response;
  }

  #waitSync(methodId: number, payload: Uint8Array, deadlineMs: number): Uint8Array {
    const postedAtMs = this.#clock.nowMs();
    const untilMs = postedAtMs + deadlineMs;
    while (this.#untilResponse(postedAtMs, untilMs)) {
      const response = this.#slot.takeCounted(this.#meter);
      if (response === undefined) continue; // Late or foreign: dropped.
      this.#meter.answeredLater(postedAtMs, payload.length, response.length);
      return response;
    }
    this.#lane.abandon(methodId, payload, postedAtMs);
    throw deadlineExceeded(true);
  }

  /** Waits until the slot is free: the calls that have it, or wait for it, complete as if the event loop had seen them. */
  #finishOthersSync(deadlineMs: number): void {
    if (this.lease.interrupted) throw this.lease.interruptedError(false);
    const startedMs = this.#clock.nowMs();
    while (this.#lane.busy) {
      if (!this.#blocking.untilResponse(startedMs, startedMs + deadlineMs)) {
        this.#lane.sleep(); // Blocking has disarmed the doorbell: from here on the event loop waits again.
        throw deadlineExceeded(false);
      }
      this.#lane.complete();
    }
    this.#lane.rest();
  }

  /** As BlockingWait.untilResponse, but the error of a lease that ended knows of the call in the slot. */
  #untilResponse(postedAtMs: number, untilMs: number): boolean {
    try {
      return this.#blocking.untilResponse(postedAtMs, untilMs);
    } catch (error) {
      throw this.#lane.brokenOff ?? error;
    }
  }

  #request(methodId: number, payload: Uint8Array, deadlineMs: number, options: CallOptions | undefined): CallRequest {
    return { methodId, payload, deadlineMs, idempotent: options?.idempotent === true };
  }

  #deadlineOf(options: CallOptions | undefined): number {
    const wanted = options?.deadlineMs;
    return wanted === undefined ? this.#deadlineMs : checkDeadline(wanted);
  }
}
