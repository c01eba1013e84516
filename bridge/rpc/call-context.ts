// What a handler is told of its call beside the request.

export interface CallContext {
  /** Milliseconds that the caller still waited when the request was taken; Infinity if it told of no deadline. */
  readonly deadlineMs: number;
  /**
   * Aborts when the answer is nobody's any more: the caller has cancelled, its deadline has passed, it is gone, or the lease
   * has ended. The reason is a FabricError.
   */
  readonly signal: AbortSignal;
}
