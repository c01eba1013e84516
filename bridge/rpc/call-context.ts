// What a handler knows of the call that it answers, beside its bytes.

export interface CallContext {
  /** Milliseconds that were left when the call was taken; Infinity if it has no deadline. */
  readonly deadlineMs: number;
  /** Aborts when the answer is nobody's any more: the call was cancelled, its client is gone, or the lease has ended. */
  readonly signal: AbortSignal;
}

/** Of a call that has no deadline and cannot be cancelled. */
export const unlimited: CallContext = { deadlineMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
