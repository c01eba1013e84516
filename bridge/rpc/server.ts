// Serves the requests of one lease: takes each once, runs the handler, answers. When it looks, and when it sleeps, is
// serve-loop.ts's business.
import { Contention, Unsupported } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { Lease } from '../lease/lease.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerPort } from '../plane/plane.ts';
import { RemoteError } from '../remote-error.ts';
import { type CallContext, unlimited } from './call-context.ts';
import { arenaBytesMin, payloadBytesMax } from './classic-layout.ts';
import { ClassicServerSlot, type RequestHeader } from './classic-server-slot.ts';
import { checkWaitMode } from './client-options.ts';
import { encodeRemoteError } from './error-payload.ts';
import type { RpcStream } from './rpc-stream.ts';
import { ServeLoop } from './serve-loop.ts';
import type { WaitMode } from './spin-budget.ts';

/** What answers requests. */
export interface RpcHandler {
  /**
   * Answers one request. `payload` is a copy and the handler's own. Returns the response's bytes, or a promise of them;
   * they are copied before the next request is taken. What it throws reaches the client as a RemoteError.
   */
  handle(methodId: number, payload: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array>;
  /** Serves one stream, which `payload` opened, and resolves when nothing more is to be sent. A rejection fails the stream. */
  stream?(methodId: number, payload: Uint8Array, stream: RpcStream, context: CallContext): Promise<void>;
}

export interface RpcServerOptions {
  /** How serve() waits for requests. Defaults to `adaptive`. */
  readonly wait?: WaitMode;
}

export interface ServeOptions {
  /** Ends serve(): no further request is taken, and those that run are answered. */
  readonly signal?: AbortSignal;
}

export class RpcServer {
  readonly lease: HomeLease;
  readonly #port: ServerPort;
  readonly #slot: ClassicServerSlot;
  readonly #metrics: Metrics;
  readonly #wait: WaitMode;
  #running = 0;
  #loop: ServeLoop | undefined;

  /**
   * Opens the lease's server, in the classic layout. Throws Unsupported where this process is not the lease's home,
   * Unsupported for a lease that is too small, and Contention if the lease has a server already.
   */
  constructor(lease: Lease, options: RpcServerOptions = {}) {
    if (!(lease instanceof HomeLease)) throw new Unsupported('a lease is served where it was acquired');
    if (lease.arenaBytes < arenaBytesMin) {
      throw new Unsupported(`serving takes a lease of ${arenaBytesMin} bytes or more, this has ${lease.arenaBytes}`);
    }
    this.lease = lease;
    this.#wait = checkWaitMode(options.wait);
    const layout = { name: 'classic', slotCount: 1, slotStride: 0 } as const;
    // Not through `this`: a server that its program has dropped is not kept by the lease that it serves.
    let slot: ClassicServerSlot | undefined;
    this.#port = lease.openServer(layout, { slotFreed: () => slot?.wipe() });
    slot = new ClassicServerSlot(lease, this.#port);
    this.#slot = slot;
    this.#metrics = lease.context.metrics;
  }

  /** Requests whose handler's promise is not settled yet. */
  get running(): number {
    return this.#running;
  }

  /** Whether a request waits to be taken. */
  get ready(): boolean {
    return this.#slot.ready;
  }

  /**
   * Takes a request if one waits, and runs the handler; true if there was one. A promise that the handler returns is
   * answered when it settles. Throws the lease's error once the lease has ended, and nothing else.
   */
  pollOnce(handler: RpcHandler): boolean {
    this.lease.check();
    if (!this.#slot.ready) return false;
    const taken = this.#slot.take();
    if (taken === 'request') this.#run(handler);
    else this.#refuse(taken === 'malformed');
    return true;
  }

  /**
   * Serves until `signal` aborts (then it resolves) or the lease ends (then it rejects with the lease's error). Idle, it
   * sleeps; it keeps the process alive. Rejects with Contention while it is being served already.
   */
  async serve(handler: RpcHandler, options: ServeOptions = {}): Promise<void> {
    if (this.#loop !== undefined) throw new Contention(`lease ${this.lease.id} is being served already`);
    this.#loop = new ServeLoop(this, this.#port, this.lease.context.environment.clock, this.#wait);
    try {
      await this.#loop.run(handler, options.signal);
    } finally {
      this.#loop = undefined;
    }
  }

  /** A handler may end the very lease that it serves. */
  get #ended(): boolean {
    return this.lease.status !== 'active';
  }

  #run(handler: RpcHandler): void {
    const requestBytes = this.#slot.payload.length;
    this.#answer(handler);
    // Counted last, when the client is busy with the response already.
    this.#metrics.serverRequests += 1;
    this.#metrics.requestBytes.record(requestBytes, 1);
  }

  #answer(handler: RpcHandler): void {
    // A header of its own: a handler may poll, and so take another request, before it returns.
    const { idLow, idHigh, methodId, payload } = this.#slot;
    const request = { idLow, idHigh, methodId };
    let result: Uint8Array | Promise<Uint8Array>;
    try {
      result = handler.handle(methodId, payload, unlimited);
    } catch (error) {
      return this.#respondError(request, RemoteError.from(error));
    }
    if (result instanceof Uint8Array) this.#respond(request, result);
    else this.#settleLater(request, result);
  }

  #settleLater(request: RequestHeader, result: Promise<Uint8Array>): void {
    this.#running += 1;
    void Promise.resolve(result)
      .then(
        (bytes) => this.#respondIfCurrent(request, bytes),
        (error) => this.#respondIfCurrent(request, RemoteError.from(error)),
      )
      .then(() => {
        this.#running -= 1;
        this.#loop?.handlerSettled();
      });
  }

  /** The client may have gone meanwhile: then the answer is nobody's. */
  #respondIfCurrent(request: RequestHeader, outcome: Uint8Array | RemoteError): void {
    if (this.#ended || !this.#slot.isCurrent(request.idHigh)) return;
    if (outcome instanceof RemoteError) this.#respondError(request, outcome);
    else this.#respond(request, outcome);
  }

  #respond(request: RequestHeader, payload: Uint8Array): void {
    if (!(payload instanceof Uint8Array)) {
      return this.#respondError(request, new RemoteError('the handler returned no Uint8Array'));
    }
    if (payload.length > payloadBytesMax) {
      const message = `the handler returned ${payload.length} bytes, at most ${payloadBytesMax} fit the slot`;
      return this.#respondError(request, new RemoteError(message, { kind: 'response-too-large' }));
    }
    if (this.#ended) return;
    this.#slot.respond(request, 'response', payload);
    this.#metrics.serverResponses += 1;
    this.#metrics.responseBytes.record(payload.length, 1);
  }

  #respondError(request: RequestHeader, error: RemoteError): void {
    if (this.#ended) return;
    this.#slot.respond(request, 'error', encodeRemoteError(error));
    this.#metrics.serverErrors += 1;
  }

  /** A client in its slot is told what was wrong; bytes that nobody may write are left unanswered. */
  #refuse(answer: boolean): void {
    this.#metrics.malformedFrames += 1;
    if (answer) this.#respondError(this.#slot, new RemoteError(this.#slot.fault, { kind: 'malformed-request' }));
  }
}
