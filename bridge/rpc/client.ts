// Calls the server of one lease. A call is posted, looked for while that is likely to pay, then slept for: blocking
// the thread (callSync) or in the event loop (call). As many calls as the client has slots are under way at a time; the
// others wait in order.
import type { Clock } from '../environment.ts';
import { Unsupported } from '../errors.ts';
import type { Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
import { BlockingWait } from './blocking-wait.ts';
import { checkDeadline, checkSignal, deadlineExceeded } from './call-deadline.ts';
import { CallLane } from './call-lane.ts';
import { CallMeter, sampleWeight } from './call-meter.ts';
import type { CallRequest } from './call-request.ts';
import { ClassicClientPath } from './classic-client-path.ts';
import { type CallOptions, checkClientOptions, type RpcClientOptions, type StreamOptions } from './client-options.ts';
import { type ClientPath, checkLayout, takeCounted } from './client-path.ts';
import { Loan } from './loan.ts';
import type { RpcStream } from './rpc-stream.ts';
import { SlotsClientPath } from './slots-client-path.ts';
import { SpinBudget } from './spin-budget.ts';

/** After a look for an answer that was in vain, so many calls are made before another one looks at once. */
const callsWithoutLook = 8;

export class RpcClient {
  readonly lease: Lease;
  readonly #path: ClientPath;
  readonly #port: ClientPort;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #deadlineMs: number;
  readonly #blocking: BlockingWait;
  readonly #lane: CallLane;
  #unlooked = 0;

  /**
   * Takes the lease's client slots: all that it was attached with, or, at the lease's home, as many as `slots` says. Throws
   * Contention or CapacityExceeded if others have them, and Unsupported if the lease has no server or was attached without a
   * slot.
   */
  constructor(lease: Lease, options: RpcClientOptions = {}) {
    const { wait, deadlineMs, slots } = checkClientOptions(options);
    checkLayout(lease);
    this.lease = lease;
    this.#path = openPath(lease, slots);
    this.#port = this.#path.port;
    this.#clock = lease.context.environment.clock;
    this.#meter = new CallMeter(lease.context.metrics, this.#clock);
    this.#deadlineMs = deadlineMs;
    const budget = new SpinBudget(wait, this.#port);
    this.#blocking = new BlockingWait(lease, this.#path, budget);
    this.#lane = new CallLane({ owner: this, lease, path: this.#path, meter: this.#meter, budget });
  }

  /** Calls that can be under way at a time. */
  get slotCount(): number {
    return this.#path.slotCount;
  }

  /** The longest payload that a request may have. */
  get payloadBytesMax(): number {
    return this.#path.payloadBytesMax;
  }

  /**
   * Calls a method and resolves to its response, owned by the caller. `payload` (0 … `payloadBytesMax` bytes) is copied
   * before this returns. Rejects with RemoteError if the handler failed, with PayloadTooLarge before anything is written,
   * with Cancelled if `signal` aborts, and with a FabricError, whose `mayHaveExecuted` counts, otherwise. While the way to
   * another machine is interrupted, calls wait for it; one that was under way fails with Disconnected, unless it is
   * idempotent: then it is made again.
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
   * very process, which could then never answer, and for a signal, which could not abort meanwhile. A thread that blocks
   * cannot find a lost home again: a call that is interrupted fails, idempotent or not.
   */
  callSync(methodId: number, payload: Uint8Array, options?: CallOptions): Uint8Array {
    this.lease.check();
    if (this.#lane.serverIsHere) throw new Unsupported('callSync would wait for a server in its own thread: use call');
    if (options?.signal !== undefined) throw new Unsupported('a thread that blocks hears no signal: use call');
    const deadlineMs = this.#deadlineOf(options);
    if (!this.#lane.open) this.#finishOthersSync(deadlineMs);
    const startedMs = this.#meter.start();
    this.#path.post(this.#lane.nextSlot, methodId, payload, deadlineMs);
    this.#meter.posted();
    const slot = this.#lane.block();
    if (this.#port.look(2 * this.#port.looksPerClock)) {
      const response = this.#takeSync(slot);
      if (response !== undefined) {
        this.#meter.answered(startedMs, sampleWeight, payload.length, response.length);
        return response;
      }
    }
    return this.#waitSync(slot, this.#request(methodId, payload, deadlineMs, options));
  }

  /**
   * Opens a stream with a request, as of call(); it has a slot for as long as it lives. Its messages, up to `payloadBytesMax`
   * bytes each, go both ways, each sender no faster than its receiver takes them. Leaving the iteration over it cancels it.
   * `deadlineMs` bounds the whole stream; without one it may live as long as the lease. Nothing is made again: where the way
   * to the home is lost, it fails with Disconnected. Throws Unsupported in the classic layout, otherwise as call() rejects
   * before anything is written.
   */
  stream(methodId: number, payload: Uint8Array, options?: StreamOptions): RpcStream {
    this.lease.check();
    const deadlineMs = checkDeadline(options?.deadlineMs ?? Number.POSITIVE_INFINITY);
    if (options?.signal !== undefined) checkSignal(options.signal);
    const request = this.#request(methodId, payload, deadlineMs, options);
    return this.#lane.openStream({ ...request, idempotent: false });
  }

  /**
   * Lends `bytes` bytes of a slot, so that a request is built where the server will read it. Undefined while no slot is free.
   * Throws PayloadTooLarge for more than a slot holds.
   */
  loan(bytes: number): Loan | undefined {
    this.lease.check();
    return this.#lane.open ? new Loan(this.#lane, bytes, this.#deadlineMs) : undefined;
  }

  /** Posts a call, or queues it: gives its response if that is there at once. */
  #begin(methodId: number, payload: Uint8Array, options: CallOptions | undefined): Uint8Array | Answer {
    this.lease.check();
    const deadlineMs = this.#deadlineOf(options);
    if (options?.signal !== undefined) checkSignal(options.signal);
    if (!this.#lane.open) return this.#lane.enqueue(this.#request(methodId, payload, deadlineMs, options)) as Answer;
    return this.#callNow(methodId, payload, deadlineMs, options);
  }

  #callNow(
    methodId: number,
    payload: Uint8Array,
    deadlineMs: number,
    options: CallOptions | undefined,
  ): Uint8Array | Answer {
    const lane = this.#lane;
    const alone = lane.quiet;
    const startedMs = this.#meter.start();
    const slot = lane.nextSlot;
    this.#path.post(slot, methodId, payload, deadlineMs);
    this.#meter.posted();
    if (alone && !lane.serverIsHere && this.#looksAtOnce()) {
      const response = this.#takeAtOnce(slot, startedMs, payload.length);
      if (response !== undefined) return response;
    }
    const request = this.#request(methodId, payload, deadlineMs, options);
    // Of calls that go side by side one in some is timed, too.
    if (!alone) return lane.wait(request, startedMs, sampleWeight) as Answer;
    return lane.wait(request, startedMs === 0 ? this.#clock.nowMs() : startedMs, 1) as Answer;
  }

  /** Looks for what may be there before a promise could be made. */
  #looksAtOnce(): boolean {
    if (this.#unlooked > 0) {
      this.#unlooked -= 1;
      return false;
    }
    if (this.#port.look(2 * this.#port.looksPerClock)) return true;
    if (this.#path.slotCount > 1) this.#unlooked = callsWithoutLook;
    return false;
  }

  /** Nothing else is under way: what is there answers this slot, or nobody. */
  #takeAtOnce(slot: number, startedMs: number, requestBytes: number): Uint8Array | undefined {
    if (this.#path.next() !== slot) return undefined;
    const response = takeCounted(this.#path, slot, this.#meter);
    if (response !== undefined) this.#meter.answered(startedMs, sampleWeight, requestBytes, response.length);
    return response;
  }

  /** Blocking has disarmed the doorbell, and drained it: what else is under way is the event loop's to wait for again. */
  #waitSync(slot: number, request: CallRequest): Uint8Array {
    try {
      return this.#blockUntilAnswer(slot, request);
    } finally {
      this.#lane.rest();
    }
  }

  #blockUntilAnswer(slot: number, request: CallRequest): Uint8Array {
    const postedAtMs = this.#clock.nowMs();
    const untilMs = postedAtMs + request.deadlineMs;
    while (this.#untilAnswer(postedAtMs, untilMs)) {
      const response = this.#takeSync(slot);
      if (response === undefined) continue; // Others', or not all of it, or late or foreign: dropped.
      this.#meter.answered(postedAtMs, 1, request.payload.length, response.length);
      return response;
    }
    this.#lane.abandonBlocking(request);
    throw deadlineExceeded(true);
  }

  /** Completes the calls whose answers come first; undefined until the blocking call's has come. */
  #takeSync(slot: number): Uint8Array | undefined {
    for (let answered = this.#path.next(); answered >= 0; answered = this.#path.next()) {
      if (answered !== slot) {
        this.#lane.complete(answered);
        continue;
      }
      const response = this.#takeBlocking(slot);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  #takeBlocking(slot: number): Uint8Array | undefined {
    try {
      const response = takeCounted(this.#path, slot, this.#meter);
      if (response !== undefined) this.#lane.unblock();
      return response;
    } catch (error) {
      this.#lane.unblock();
      throw error;
    }
  }

  /** Waits until a slot is free: the calls that have it, or wait for it, complete as if the event loop had seen them. */
  #finishOthersSync(deadlineMs: number): void {
    const startedMs = this.#clock.nowMs();
    while (!this.#lane.open) {
      this.lease.checkDeadline(); // What was answered before an interruption opens nothing.
      if (!this.#blocking.untilAnswer(startedMs, startedMs + deadlineMs)) {
        this.#lane.sleep(); // Blocking has disarmed the doorbell: from here on the event loop waits again.
        throw deadlineExceeded(false);
      }
      this.#lane.completeAnswered();
    }
    this.#lane.rest();
  }

  /** As BlockingWait.untilAnswer, but the error of a lease that ended knows of the call in the slot. */
  #untilAnswer(postedAtMs: number, untilMs: number): boolean {
    try {
      return this.#blocking.untilAnswer(postedAtMs, untilMs);
    } catch (error) {
      throw this.#lane.brokenOff ?? error;
    }
  }

  #request(methodId: number, payload: Uint8Array, deadlineMs: number, options: CallOptions | undefined): CallRequest {
    const idempotent = options?.idempotent === true;
    return { methodId, payload, deadlineMs, idempotent, signal: options?.signal, reader: undefined };
  }

  #deadlineOf(options: CallOptions | undefined): number {
    const wanted = options?.deadlineMs;
    return wanted === undefined ? this.#deadlineMs : checkDeadline(wanted);
  }
}

type Answer = Promise<Uint8Array>;

function openPath(lease: Lease, slots: number): ClientPath {
  const { layout } = lease; // Not the control page's, which other holders may write.
  const claimed = lease.claimClientSlots(slots);
  return layout.name === 'classic'
    ? new ClassicClientPath(lease, claimed)
    : new SlotsClientPath(lease, layout, claimed);
}
