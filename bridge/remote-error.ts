// What went wrong on the other side of a call: not the fabric's failure, hence no FabricError.
import { wordsOf } from './errors.ts';

export type RemoteErrorKind =
  /** The handler threw. */
  | 'handler'
  /** The handler knows no such method. */
  | 'unknown-method'
  /** The server found the request malformed and ran nothing. */
  | 'malformed-request'
  /** The handler ran, but its result does not fit the slot. */
  | 'response-too-large'
  /** The input is not what the method's schema allows: the handler did not run. */
  | 'invalid-input'
  /** The output is not what the method's schema allows. */
  | 'invalid-output';

/**
 * An error that crossed the fabric. A handler throws one to choose the code and the message that its client sees; any
 * other exception of a handler reaches the client as kind `handler`, code 0, with the exception's message.
 */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly kind: RemoteErrorKind;
  /** The handler's own code, an int32; 0 when it chose none. */
  readonly code: number;

  constructor(message: string, options: { kind?: RemoteErrorKind; code?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.kind = options.kind ?? 'handler';
    this.code = checkedCode(options.code ?? 0);
  }

  /** What a handler throws for a method that it does not know. */
  static unknownMethod(methodId: number): RemoteError {
    return new RemoteError(`unknown method ${methodId}`, { kind: 'unknown-method' });
  }

  /** Whatever a handler threw, as the client is to see it. */
  static from(error: unknown): RemoteError {
    if (error instanceof RemoteError) return error;
    return new RemoteError(wordsOf(error), { cause: error });
  }
}

function checkedCode(code: number): number {
  if ((code | 0) !== code) throw new RangeError(`a remote error's code must be an int32, got ${code}`);
  return code;
}
