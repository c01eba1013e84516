// Serves the requests of one lease: takes each once, runs the handler, answers. When it looks, and when it sleeps, is
// serve-loop.ts's business.
import { Cancelled, Contention, Disconnected, Unsupported } from '../errors.ts';
import type { SlotLayout } from '../lease/control-page.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { Lease } from '../lease/lease.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerPort } from '../plane/plane.ts';
import { boardSlotsMax } from '../plane/slot-board.ts';
import { RemoteError } from '../remote-error.ts';
import { arenaBytesMin, status } from './classic-layout.ts';
import { ClassicServerPath } from './classic-server-path.ts';
import { checkWaitMode } from './client-options.ts';
import { encodeRemoteError } from './error-payload.ts';
import type { AnyHandler, InPlaceHandler, InPlaceReply, RpcHandler } from './rpc-handler.ts';
import { ServeLoop } from './serve-loop.ts';
import type { ServedCall } from './served-call.ts';
import { ServedStream } from './served-stream.ts';
import type { Refusal, ServerPath } from './server-path.ts';
import { slotStride } from './slots-layout.ts';
import { SlotsServerPath } from './slots-server-path.ts';
import type { WaitMode } from './spin-budget.ts';

export interface RpcServerOptions {
  /** How serve() waits for requests. Defaults to `adaptive`. */
  readonly wait?: WaitMode;
  /**
   * How many slots the lease has, 1 … 65536: so many calls can be under way at a time, of however many clients. Without it
   * the lease is in the classic layout, with one client and one call at a time.
   */
  readonly slots?: number;
  /** What each slot holds at least, bytes; longer payloads go in parts. Defaults to what the lease has room for. */
  readonly slotPayloadBytes?: number;
}

export interface ServeOptions {
  /**
   * Ends serve(): no further request is taken, and those that run are answered. Streams that run are given up: their
   * signals abort, and clients see Disconnected.
   */
  readonly signal?: AbortSignal;
}

export class RpcServer {
  readonly lease: HomeLease;
  readonly #port: ServerPort;
  readonly #path: ServerPath;
  readonly #metrics: Metrics;
  readonly #wait: WaitMode;
  #running = 0;
  readonly #streams = new Set<ServedStream>();
  #loop: ServeLoop | undefined;

  /**
   * Opens the lease's server. Throws Unsupported where this process is not the lease's home, and for a lease that is too
   * small, RangeError for slots that none has, and Contention if the lease has a server already.
   */
  constructor(lease: Lease, options: RpcServerOptions = {}) {
    if (!(lease instanceof HomeLease)) throw new Unsupported('a lease is served where it was acquired');
    const layout = layoutOf(lease, options);
    this.lease = lease;
    this.#wait = checkWaitMode(options.wait);
    // Not through `this`: a server that its program has dropped is not kept by the lease that it serves.
    let path: ServerPath | undefined;
    this.#port = lease.openServer(layout, {
      clientCame: (slots) => path?.clientCame(slots),
      clientGone: (slots) => path?.clientGone(slots, new Disconnected('the client is gone', { mayHaveExecuted: true })),
    });
    path =
      layout.name === 'classic' ? new ClassicServerPath(lease, this.#port) : new SlotsServerPath(lease, this.#port);
    lease.onEnd(() => path.giveUpAll(lease.endedError(true)));
    this.#path = path;
    this.#metrics = lease.context.metrics;
  }

  /** Requests whose handler's promise is not settled yet. */
  get running(): number {
    return this.#running;
  }

  /** Whether a request waits to be taken. */
  get ready(): boolean {
    return this.#path.ready;
  }

  /**
   * Takes a request if one waits, and runs the handler; true if there was one. A promise that the handler returns is
   * answered when it settles. Throws the lease's error once the lease has ended, and nothing else.
   */
  pollOnce(handler: AnyHandler): boolean {
    this.lease.check();
    const inPlace = 'handleInPlace' in handler;
    const taken = this.#path.take(inPlace);
    if (taken === undefined) return false;
    if ('fault' in taken) this.#refuse(taken);
    else if (taken instanceof ServedStream) this.#serveStream(handler, taken);
    else if (inPlace) this.#runInPlace(handler, taken);
    else this.#run(handler, taken);
    return true;
  }

  /**
   * Serves until `signal` aborts (then it resolves) or the lease ends (then it rejects with the lease's error). Idle, it
   * sleeps; it keeps the process alive. Rejects with Contention while it is being served already.
   */
  async serve(handler: AnyHandler, options: ServeOptions = {}): Promise<void> {
    if (this.#loop !== undefined) throw new Contention(`lease ${this.lease.id} is being served already`);
    this.#loop = new ServeLoop(this, this.#port, this.lease.context.environment.clock, this.#wait);
    try {
      await this.#loop.run(handler, options.signal);
    } finally {
      this.#loop = undefined;
    }
  }

  /** Nobody will look for what clients say of their streams: those that run are given up, at both ends. */
  stopStreams(): void {
    for (const stream of this.#streams) {
      if (this.#ended || !this.#path.runs(stream)) continue;
      stream.giveUp(new Cancelled('the server has stopped serving', { mayHaveExecuted: true }));
      this.#path.respond(stream, status.responseReady, new Uint8Array(0));
    }
  }

  /** A handler may end the very lease that it serves. */
  get #ended(): boolean {
    return this.lease.status !== 'active';
  }

  #run(handler: RpcHandler, call: ServedCall): void {
    const requestBytes = call.payload.length;
    this.#answer(handler, call);
    // Counted last, when the client is busy with the response already.
    this.#metrics.serverRequests += 1;
    this.#metrics.requestBytes.record(requestBytes, 1);
  }

  #answer(handler: RpcHandler, call: ServedCall): void {
    let result: Uint8Array | Promise<Uint8Array>;
    try {
      result = handler.handle(call.methodId, call.payload, call);
    } catch (error) {
      return this.#settle(call, RemoteError.from(error));
    }
    if (result instanceof Uint8Array) this.#settle(call, result);
    else this.#settleLater(call, result);
  }

  #runInPlace(handler: InPlaceHandler, call: ServedCall): void {
    const reply = new LentReply(this.#path, call);
    const requestBytes = call.payload.length;
    try {
      const done = handler.handleInPlace(call.methodId, call.payload, reply, call);
      if (done === undefined) this.#settle(call, reply);
      else
        this.#settleLater(
          call,
          Promise.resolve(done).then(() => reply),
        );
    } catch (error) {
      this.#settle(call, RemoteError.from(error));
    }
    this.#metrics.serverRequests += 1;
    this.#metrics.requestBytes.record(requestBytes, 1);
  }

  #serveStream(handler: AnyHandler, call: ServedStream): void {
    this.#metrics.serverRequests += 1;
    this.#metrics.requestBytes.record(call.payload.length, 1);
    this.#running += 1;
    this.#streams.add(call);
    const served = new Promise<void>((resolve) => resolve(streamBy(handler, call)));
    void served
      .then(
        () => this.#endStream(call, undefined),
        (error) => this.#endStream(call, RemoteError.from(error)),
      )
      .then(() => this.#settled());
  }

  #endStream(call: ServedStream, error: RemoteError | undefined): void {
    call.settle();
    this.#streams.delete(call);
    if (this.#ended || !this.#path.runs(call)) return;
    call.stream.finish(error);
    if (error === undefined) this.#metrics.serverResponses += 1;
    else this.#metrics.serverErrors += 1;
  }

  #settled(): void {
    this.#running -= 1;
    this.#loop?.handlerSettled();
  }

  #settleLater(call: ServedCall, result: Promise<Uint8Array | LentReply>): void {
    this.#running += 1;
    void Promise.resolve(result)
      .then(
        (outcome) => this.#settle(call, outcome),
        (error) => this.#settle(call, RemoteError.from(error)),
      )
      .then(() => this.#settled());
  }

  /** The client, or the lease, may have gone meanwhile: then the answer is nobody's. */
  #settle(call: ServedCall, outcome: Uint8Array | LentReply | RemoteError): void {
    call.settle();
    if (this.#ended || !this.#path.runs(call)) return;
    if (outcome instanceof RemoteError) return this.#respondError(call, outcome);
    if (outcome instanceof Uint8Array) return this.#respond(call, outcome);
    if (!(outcome instanceof LentReply)) {
      return this.#respondError(call, new RemoteError('the handler returned no Uint8Array'));
    }
    this.#path.respondLent(call, outcome.count);
    this.#count(outcome.count);
  }

  #respond(call: ServedCall, payload: Uint8Array): void {
    const { responseBytesMax } = this.#path;
    if (payload.length > responseBytesMax) {
      const message = `the handler returned ${payload.length} bytes, at most ${responseBytesMax} fit the slot`;
      return this.#respondError(call, new RemoteError(message, { kind: 'response-too-large' }));
    }
    this.#path.respond(call, status.responseReady, payload);
    this.#count(payload.length);
  }

  #count(responseBytes: number): void {
    this.#metrics.serverResponses += 1;
    this.#metrics.responseBytes.record(responseBytes, 1);
  }

  #respondError(call: ServedCall | Refusal, error: RemoteError): void {
    this.#path.respond(call, status.error, encodeRemoteError(error));
    this.#metrics.serverErrors += 1;
  }

  /** A client in its slot is told what was wrong; bytes that nobody may write are left unanswered. */
  #refuse(refusal: Refusal): void {
    this.#metrics.malformedFrames += 1;
    if (refusal.answer) this.#respondError(refusal, new RemoteError(refusal.fault, { kind: 'malformed-request' }));
  }
}

function streamBy(handler: AnyHandler, call: ServedStream): Promise<void> {
  if ('handleInPlace' in handler || handler.stream === undefined) throw RemoteError.unknownMethod(call.methodId);
  return handler.stream(call.methodId, call.payload, call.stream, call);
}

class LentReply implements InPlaceReply {
  count = 0;
  readonly #path: ServerPath;
  readonly #call: ServedCall;

  constructor(path: ServerPath, call: ServedCall) {
    this.#path = path;
    this.#call = call;
  }

  bytes(count: number): Uint8Array {
    const lent = this.#path.runs(this.#call) ? this.#path.lend(this.#call, count) : new Uint8Array(count);
    if (lent.length !== count) throw new RangeError(`a response of ${count} bytes, where a slot holds ${lent.length}`);
    this.count = count;
    return lent;
  }
}

/** Throws Unsupported, with the figures, unless the lease has room for the slots. */
function layoutOf({ arenaBytes }: HomeLease, { slots, slotPayloadBytes }: RpcServerOptions): SlotLayout {
  if (slots === undefined) {
    if (arenaBytes >= arenaBytesMin) return { name: 'classic', slotCount: 1, slotStride: 0 };
    throw new Unsupported(`serving takes a lease of ${arenaBytesMin} bytes or more, this has ${arenaBytes}`);
  }
  if (!Number.isInteger(slots) || slots < 1 || slots > boardSlotsMax) {
    throw new RangeError(`a lease has from 1 to ${boardSlotsMax} slots, not ${slots}`);
  }
  const least = slotStride(0);
  const stride =
    slotPayloadBytes === undefined ? Math.floor(arenaBytes / slots / least) * least : strideOf(slotPayloadBytes);
  if (stride >= least && stride * slots <= arenaBytes) return { name: 'slots', slotCount: slots, slotStride: stride };
  throw new Unsupported(`${slots} slots of ${Math.max(stride, least)} bytes each, in a lease of ${arenaBytes} bytes`);
}

function strideOf(slotPayloadBytes: number): number {
  if (Number.isInteger(slotPayloadBytes) && slotPayloadBytes >= 1) return slotStride(slotPayloadBytes);
  throw new RangeError(`a slot holds at least 1 byte, not ${slotPayloadBytes}`);
}
