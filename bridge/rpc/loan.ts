// A slot's bytes, lent to whoever builds a request in them: the server reads it where it was written. What the server has
// to say may be read where it lies, too.
import { Contention, PayloadTooLarge } from '../errors.ts';
import { checkDeadline, checkSignal } from './call-deadline.ts';
import type { CallLane } from './call-lane.ts';
import type { HeldSlot } from './call-slots.ts';
import type { CallOptions } from './client-options.ts';

export interface LoanedCallOptions extends Pick<CallOptions, 'deadlineMs' | 'signal'> {}

/** What reads a response where it lies. */
export type InPlaceReader<T> = (response: Uint8Array) => T;

export class Loan implements Disposable {
  readonly #lane: CallLane;
  readonly #held: HeldSlot;
  readonly #bytes: Uint8Array;
  readonly #deadlineMs: number;
  #spent = false;

  /** Takes a free slot of the lane. Throws PayloadTooLarge for more than a slot holds. */
  constructor(lane: CallLane, bytes: number, deadlineMs: number) {
    const { held, lent } = lane.hold(bytes);
    if (lent.length !== bytes) {
      lane.giveBack(held);
      throw new PayloadTooLarge(`a loan of ${bytes} bytes, where a slot holds ${lent.length}`);
    }
    this.#lane = lane;
    this.#bytes = lent;
    this.#held = held;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * The request's bytes, with whatever was there before. Yours until the loan is committed or released; whoever keeps them
   * longer scribbles over another call. Throws Contention after that.
   */
  get bytes(): Uint8Array {
    this.#check();
    return this.#bytes;
  }

  /**
   * Calls a method with what stands in the loan, and resolves to a copy of the response. Rejects as RpcClient.call(); a loan
   * that was taken before the way to the home was lost is Disconnected.
   */
  commit(methodId: number, options?: LoanedCallOptions): Promise<Uint8Array> {
    return this.#commit(methodId, options, undefined) as Promise<Uint8Array>;
  }

  /**
   * As commit(), but `read` gets the response where it lies, and what it returns is resolved to. The bytes are the reader's
   * until it returns. A hostile server may change them meanwhile: read what you check only once.
   */
  commitAndRead<T>(methodId: number, read: InPlaceReader<T>, options?: LoanedCallOptions): Promise<T> {
    return this.#commit(methodId, options, read) as Promise<T>;
  }

  /** Gives the slot back unused. After commit(), or a second time, it does nothing. */
  release(): void {
    if (this.#spent) return;
    this.#spent = true;
    this.#lane.giveBack(this.#held);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async #commit(
    methodId: number,
    options: LoanedCallOptions | undefined,
    reader: InPlaceReader<unknown> | undefined,
  ): Promise<unknown> {
    this.#check();
    const deadlineMs = checkDeadline(options?.deadlineMs ?? this.#deadlineMs);
    if (options?.signal !== undefined) checkSignal(options.signal);
    const call = { methodId, payload: this.#bytes, deadlineMs, idempotent: false, signal: options?.signal, reader };
    const answer = this.#lane.commit(this.#held, call);
    this.#spent = true;
    return answer;
  }

  #check(): void {
    if (this.#spent) throw new Contention('this loan was committed or released: its bytes are not its own any more');
  }
}
