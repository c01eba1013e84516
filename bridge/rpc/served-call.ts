// A request that was taken, until it is answered: what names it, and what its handler is told. The signal is made when a
// handler first asks for it.
import type { Clock, Timer } from '../environment.ts';
import { DeadlineExceeded } from '../errors.ts';
import type { CallContext } from './call-context.ts';

/** What names a request, and its response. */
export interface RequestHeader {
  /** Number of the client among the lease's, and the slot that the request stands in. */
  readonly client: number;
  readonly slot: number;
  readonly idLow: number;
  readonly idHigh: number;
  readonly methodId: number;
}

export class ServedCall implements RequestHeader, CallContext {
  readonly client: number;
  readonly slot: number;
  readonly idLow: number;
  readonly idHigh: number;
  readonly methodId: number;
  readonly deadlineMs: number;
  /** The whole request; a copy, or lent where the handler takes it in place. */
  payload: Uint8Array;
  readonly #clock: Clock;
  #abort: AbortController | undefined;
  #timer: Timer | undefined;
  /** Why the call was given up, if it was. */
  #reason: Error | undefined;

  constructor(header: RequestHeader, payload: Uint8Array, deadlineMs: number, clock: Clock) {
    this.client = header.client;
    this.slot = header.slot;
    this.idLow = header.idLow;
    this.idHigh = header.idHigh;
    this.methodId = header.methodId;
    this.payload = payload;
    this.deadlineMs = deadlineMs;
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    this.#abort ??= this.#open();
    return this.#abort.signal;
  }

  /** Nobody waits for the answer any more. Only the first reason counts. */
  giveUp(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#timer?.cancel();
    this.#abort?.abort(reason);
  }

  /** Its deadline has passed. */
  protected expire(reason: Error): void {
    this.giveUp(reason);
  }

  /** It is answered: nothing aborts any more. */
  settle(): void {
    this.#timer?.cancel();
  }

  #open(): AbortController {
    const abort = new AbortController();
    if (this.#reason !== undefined) abort.abort(this.#reason);
    else if (this.deadlineMs < Number.POSITIVE_INFINITY) {
      this.#timer = this.#clock.after(this.deadlineMs, () => this.expire(deadlinePassed(this.deadlineMs)));
    }
    return abort;
  }
}

function deadlinePassed(deadlineMs: number): DeadlineExceeded {
  return new DeadlineExceeded(`the caller waited for ${deadlineMs} ms, and does no more`, { mayHaveExecuted: true });
}
