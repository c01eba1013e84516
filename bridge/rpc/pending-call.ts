// A call that could not be answered at once: waiting for its turn, or for its response.
import type { Timer } from '../environment.ts';
import type { CallRequest } from './call-lane.ts';

export class PendingCall {
  readonly methodId: number;
  readonly payload: Uint8Array;
  readonly promise: Promise<Uint8Array>;
  readonly idempotent: boolean;
  /** The caller has gone; the response, when it comes, is to be dropped. */
  abandoned = false;
  /** It was posted, over a session that was lost since. */
  mayHaveRun = false;
  /** When the request was posted, by the monotonic clock. */
  postedAtMs = 0;
  /** Its deadline; cancelled when the call is settled. */
  timer: Timer | undefined;
  settled = false;
  #resolve: (payload: Uint8Array) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor({ methodId, payload, idempotent }: Pick<CallRequest, 'methodId' | 'payload' | 'idempotent'>) {
    this.methodId = methodId;
    this.payload = payload;
    this.idempotent = idempotent;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Keeps the slot for nobody, who hears of no failure either. */
  static ofNobody(methodId = 0, payload: Uint8Array = new Uint8Array(0)): PendingCall {
    const call = new PendingCall({ methodId, payload, idempotent: false });
    call.abandoned = true;
    call.promise.catch(() => undefined);
    return call;
  }

  resolve(payload: Uint8Array): void {
    this.#settle();
    this.#resolve(payload);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.settled = true;
    this.timer?.cancel();
  }
}
