// A call that could not be answered at once: waiting for its turn, or for its response.
import type { CallRequest } from './call-request.ts';
import type { ClientPath } from './client-path.ts';
import type { InPlaceReader } from './loan.ts';

export class PendingCall {
  readonly methodId: number;
  readonly payload: Uint8Array;
  readonly promise: Promise<unknown>;
  readonly idempotent: boolean;
  /** Reads the response in place; without it the response is copied. */
  readonly reader: InPlaceReader<unknown> | undefined;
  /** By the monotonic clock; Infinity for none. */
  deadlineAtMs: number = Number.POSITIVE_INFINITY;
  /** The caller has gone; the response, when it comes, is to be dropped. */
  abandoned = false;
  /** It was posted, over a session that was lost since. */
  mayHaveRun = false;
  /** When the request was posted, by the monotonic clock; 0 if this call is not timed. */
  startedMs = 0;
  /** How many calls it counts for where it is timed. */
  weight = 1;
  settled = false;
  /** Called when it is settled. */
  onSettled: (() => void) | undefined;
  #resolve: (value: unknown) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor({ methodId, payload, idempotent, reader }: CallRequest) {
    this.methodId = methodId;
    this.payload = payload;
    this.idempotent = idempotent;
    this.reader = reader;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Keeps a slot for nobody, who hears of no failure either. */
  static ofNobody(request: CallRequest): PendingCall {
    const call = new PendingCall(request);
    call.abandoned = true;
    call.promise.catch(() => undefined);
    return call;
  }

  /** When it is posted: what the server is told of its deadline. */
  get leftMs(): number {
    return Math.max(this.deadlineAtMs - this.startedMs, 1);
  }

  /** Puts the request in a free slot. Throws what ClientPath.post() does. */
  post(path: ClientPath, slot: number): void {
    path.post(slot, this.methodId, this.payload, this.leftMs);
  }

  resolve(value: unknown): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.settled = true;
    this.onSettled?.();
  }
}
