// The calls of one client that the event loop completes: as many as it has slots are under way, the others wait in order.
// When answers are looked for is answer-watch.ts's business.
import type { Clock } from '../environment.ts';
import type { FabricError } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { ClientSlots, Lease } from '../lease/lease.ts';
import { weakly } from '../weakly.ts';
import { AnswerWatch, type AwaitedCalls } from './answer-watch.ts';
import { CallDeadlines, type DeadlinedCalls } from './call-deadlines.ts';
import type { CallMeter } from './call-meter.ts';
import { type CallRequest, hasEndedAtHome } from './call-request.ts';
import { CallSlots, type HeldSlot } from './call-slots.ts';
import { type ClientPath, checkRequest } from './client-path.ts';
import { ClientStreams } from './client-streams.ts';
import { PendingCall } from './pending-call.ts';
import type { RpcStream } from './rpc-stream.ts';
import type { SpinBudget } from './spin-budget.ts';

const completionsPerTurn = 256; // Before those that were answered may go on.

export interface LaneParts {
  /** Whoever makes the calls: kept while some are under way. */
  readonly owner: object;
  readonly lease: Lease;
  readonly path: ClientPath;
  readonly meter: CallMeter;
  readonly budget: SpinBudget;
}

export class CallLane implements AwaitedCalls, DeadlinedCalls {
  readonly serverIsHere: boolean;
  /** Whoever makes the calls is kept as long as the lane is. */
  readonly owner: object;
  readonly #lease: Lease;
  readonly #path: ClientPath;
  readonly #clock: Clock;
  readonly #meter: CallMeter;
  readonly #watch: AnswerWatch;
  readonly #deadlines: CallDeadlines;
  readonly #slots: CallSlots;
  readonly #streams: ClientStreams;
  /** The way to the home is interrupted, or the lease has ended: nothing can be posted. */
  #stopped = false;
  /** That of a call that blocks the thread. */
  #blocking: number | undefined;
  /** What becomes of a blocking call that was in its slot when the lease ended, or was interrupted. */
  brokenOff: FabricError | undefined;

  constructor({ owner, lease, path, meter, budget }: LaneParts) {
    const { clock } = lease.context.environment;
    this.owner = owner;
    this.#lease = lease;
    this.#path = path;
    this.#clock = clock;
    this.#meter = meter;
    this.#slots = new CallSlots(path.slotCount);
    this.#streams = new ClientStreams({ slots: this.#slots, path, meter, lane: this });
    this.serverIsHere = lease instanceof HomeLease;
    this.#watch = new AnswerWatch({ port: path.port, clock, budget, serverIsHere: this.serverIsHere, calls: this });
    this.#deadlines = new CallDeadlines(clock, this);
    // Weak: a client that its program has dropped is not kept by its lease. No function here may use `this` itself: those
    // that are made in one scope keep what any of them uses.
    lease.onEnd(weakly(this, (lane) => lane.#onLeaseEnd()));
    lease.onInterrupted(weakly(this, (lane) => lane.#onInterrupted()));
    lease.onResumed(weakly(this, (lane, slots: ClientSlots | undefined) => lane.#onResumed(slots)));
  }

  get active(): boolean {
    return !this.#stopped && this.#lease.status === 'active';
  }

  get quiet(): boolean {
    return this.#slots.quiet;
  }

  get wanted(): boolean {
    return this.#slots.wanted;
  }

  /** Whether a request can be posted now: there is a free slot, and nobody waits for it. */
  get open(): boolean {
    return this.#slots.hasFree && this.#slots.queue.length === 0 && !this.#stopped;
  }

  /** The slot that the next request goes into, while the lane is open. It stays free until wait() or hold(). */
  get nextSlot(): number {
    return this.#slots.next;
  }

  /** The request is in `nextSlot`. A copy of what may have to go there again is kept. */
  wait(request: CallRequest, startedMs: number, weight: number): Promise<unknown> {
    const { idempotent, payload } = request;
    const call = new PendingCall(idempotent ? { ...request, payload: Uint8Array.from(payload) } : request);
    call.startedMs = startedMs;
    call.weight = weight;
    this.#slots.take(call);
    this.#deadlines.limit(call, request);
    this.#watch.begin(this.#path.serverSlept);
    return call.promise;
  }

  /** No slot is free. Throws CapacityExceeded if too many wait for one. */
  enqueue(request: CallRequest): Promise<unknown> {
    return this.#enqueue(new PendingCall(this.#kept(request)), request).promise;
  }

  /** Opens a stream, as soon as there is a slot. Throws Unsupported where the layout has none, otherwise as enqueue(). */
  openStream(request: CallRequest): RpcStream {
    this.#path.checkStreams();
    const stream = this.#streams.create(this.#kept(request));
    this.#enqueue(stream.call, request);
    this.#postNext();
    if (this.active && !this.quiet) this.#watch.begin(this.#path.serverSlept);
    return stream;
  }

  /** `nextSlot` is taken for a call that blocks the thread. */
  block(): number {
    this.#blocking = this.#slots.take();
    return this.#blocking;
  }

  /** The blocking call is answered: its slot is free again. */
  unblock(): void {
    if (this.#blocking !== undefined && !this.#stopped) this.free(this.#blocking);
    this.#blocking = undefined;
  }

  /** The blocking call has lost its caller: its slot stays taken until the late response comes. */
  abandonBlocking(request: CallRequest): void {
    const slot = this.#blocking as number;
    this.#blocking = undefined;
    this.#slots.fill(slot, PendingCall.ofNobody(request));
    this.#path.cancel(slot);
  }

  /** `nextSlot` is taken for a loan, with its bytes: so many, or fewer if it does not hold so many. */
  hold(bytes: number): { readonly held: HeldSlot; readonly lent: Uint8Array } {
    const lent = this.#path.lend(this.nextSlot, bytes);
    return { held: this.#slots.hold(), lent };
  }

  giveBack(held: HeldSlot): void {
    if (this.active && this.#slots.stands(held)) this.free(held.slot);
  }

  /** What was built in a held slot is the request. Throws, with the slot as it was, if it cannot be posted. */
  commit(held: HeldSlot, request: CallRequest): Promise<unknown> {
    this.#lease.check();
    if (!this.#slots.stands(held) || this.#stopped) throw this.#lease.interruptedError(false);
    const call = new PendingCall(request);
    call.startedMs = this.#clock.nowMs();
    this.#path.postLent(held.slot, request.methodId, request.payload.length, request.deadlineMs);
    this.#meter.posted();
    this.#slots.fill(held.slot, call);
    this.#deadlines.limit(call, request);
    this.#watch.begin(this.#path.serverSlept);
    return call.promise;
  }

  /** What is under way is waited for by the event loop. */
  sleep(): void {
    this.#watch.sleep();
  }

  /** A thread that was blocked goes on: whatever is still under way is waited for by the event loop. */
  rest(): void {
    if (!this.active) return;
    if (this.quiet) this.#watch.rest();
    else this.sleep();
  }

  completeAnswered(): boolean {
    let completed = 0;
    this.#streams.heard = false;
    for (let slot = this.#path.next(); slot >= 0; slot = this.#path.next()) {
      this.complete(slot);
      completed += 1;
      if (completed >= completionsPerTurn || !this.active) break;
    }
    return completed > 0 || this.#streams.heard;
  }

  /** Settles the call in a slot by what answers it. Whatever answers a slot that has no call is dropped. */
  complete(slot: number): void {
    const call = this.#slots.at(slot);
    if (call === undefined) return;
    // Of what nobody waits for, no more is fetched, and no more sent.
    if ((call.abandoned && this.#path.breakOff(slot)) || this.#settle(slot, call)) this.free(slot);
  }

  /** False if that is not the whole answer. */
  #settle(slot: number, call: PendingCall): boolean {
    try {
      const response = this.#path.take(slot, call.reader !== undefined);
      if (response === undefined) return false;
      this.#meter.answered(call.startedMs, call.weight, call.payload.length, response.length);
      call.resolve(call.reader === undefined ? response : call.reader(response));
    } catch (error) {
      this.#meter.failed(error);
      call.reject(error);
    }
    return true;
  }

  // ---- Posting.

  /** Checked, and with a payload that stays as it is until there is a slot. */
  #kept(request: CallRequest): CallRequest {
    this.#slots.checkQueue();
    checkRequest(request.methodId, request.payload, this.#path.payloadBytesMax);
    return { ...request, payload: Uint8Array.from(request.payload) };
  }

  #enqueue(call: PendingCall, request: CallRequest): PendingCall {
    this.#slots.queue.push(call);
    this.#deadlines.limit(call, request);
    this.#watch.pause();
    return call;
  }

  free(slot: number): void {
    this.#slots.free(slot);
    if (this.#slots.queue.length > 0) this.#postNext();
  }

  #postNext(): void {
    while (this.#slots.hasFree && !this.#stopped) {
      const call = this.#slots.queue.shift();
      if (call === undefined) return;
      try {
        call.startedMs = this.#clock.nowMs();
        call.post(this.#path, this.nextSlot);
        this.#meter.posted();
        this.#slots.take(call);
      } catch (error) {
        call.reject(error); // Its own fault, such as a payload that does not fit: the slot is still free.
      }
    }
  }

  // ---- Deadlines and cancellation.

  pending(): PendingCall[] {
    return this.#slots.all();
  }

  giveUp(call: PendingCall, error: (mayHaveRun: boolean) => Error): void {
    if (call.settled) return;
    const slot = this.#slots.slotOf(call);
    if (slot >= 0) {
      call.abandoned = true; // The slot is not free before the late response has come, or the session has ended.
      call.reject(error(true));
      if (!this.#stopped) this.#path.cancel(slot);
    } else {
      const { queue } = this.#slots;
      queue.splice(queue.indexOf(call), 1);
      call.reject(error(call.mayHaveRun));
    }
    this.#watch.reconsider();
  }

  // ---- Interruption and end.

  #onInterrupted(): void {
    this.brokenOff = this.#lease.interruptedError(true);
    this.#stopped = true;
    this.#slots.breakOff(this.brokenOff);
    this.#watch.pause();
  }

  /** Nothing of what was in the slots before will be answered in these. */
  #onResumed(slots: ClientSlots | undefined): void {
    if (slots === undefined) return;
    this.#path.restart(slots);
    this.brokenOff = undefined;
    this.#stopped = false;
    this.#slots.reset();
    this.#postNext();
    this.#watch.advance();
  }

  /** Before the window closes: what stands in a slot tells whether the call in it may have run. */
  #onLeaseEnd(): void {
    this.#deadlines.stop();
    const endedThere = hasEndedAtHome(this.#lease);
    const blocking = this.#blocking;
    this.brokenOff = this.#lease.endedError(!endedThere || (blocking !== undefined && this.#path.taken(blocking)));
    for (const { slot, call } of this.#slots.inSlots()) {
      call.reject(this.#lease.endedError(!endedThere || this.#path.taken(slot)));
    }
    this.#slots.empty();
    for (const call of this.#slots.queue.splice(0)) call.reject(this.#lease.endedError(call.mayHaveRun));
    this.#stopped = true;
    this.#watch.forget();
  }
}
