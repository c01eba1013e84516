// The closed set of operating failures, one class each. A FabricError is the fabric's; what a handler throws on the
// other side is a RemoteError (remote-error.ts), so that a handler's -1 is never taken for Disconnected (-1).
import { InvariantViolation } from './invariant.ts';

/**
 * Every code with its number. -1 to -6 are grafOS host codes; the others are ours, for conditions that grafOS leaves
 * inside `IoError`. The numbers also travel in `refused` control messages.
 */
export const fabricErrorNumbers = {
  Disconnected: -1,
  LeaseExpired: -2,
  Fenced: -3,
  CapacityExceeded: -4,
  Unsupported: -5,
  Revoked: -6,
  IoError: -7,
  Contention: -8,
  DeadlineExceeded: -9,
  MalformedFrame: -10,
  PayloadTooLarge: -11,
  Cancelled: -12,
} as const;

export type FabricErrorCode = keyof typeof fabricErrorNumbers;

export interface FabricErrorOptions {
  readonly cause?: unknown;
  /** Whether the server may have run the call that failed. Defaults to false. */
  readonly mayHaveExecuted?: boolean;
}

/** An operating failure of the fabric: catch this to catch them all, and switch on `code`. */
export abstract class FabricError extends Error {
  abstract readonly code: FabricErrorCode;
  /**
   * Whether the call that failed may have run on the server. False means that it certainly did not, and that it is
   * safe to repeat it; true means that only the program can know whether repeating does harm.
   */
  readonly mayHaveExecuted: boolean;

  constructor(message: string, options: FabricErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.mayHaveExecuted = options.mayHaveExecuted ?? false;
  }

  /** The code's number (see {@link fabricErrorNumbers}). */
  get number(): number {
    return fabricErrorNumbers[this.code];
  }

  /** The error of the given code: how a refusal that came over the wire becomes an exception here. */
  static of(code: FabricErrorCode, message: string, options?: FabricErrorOptions): FabricError {
    return new classes[code](message, options);
  }

  /** A FabricError as it is; anything else as an IoError that has it as its cause. Throws a broken invariant again. */
  static from(error: unknown): FabricError {
    if (error instanceof FabricError) return error;
    if (error instanceof InvariantViolation) throw error;
    return new IoError(wordsOf(error), { cause: error });
  }
}

/** What was thrown, in words: anything can be, and some of it has none. */
export function wordsOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something that cannot be put into words';
  }
}

export interface DisconnectedOptions extends FabricErrorOptions {
  /** Defaults to false. */
  readonly final?: boolean;
}

/** The peer, or the way to it, is gone. */
export class Disconnected extends FabricError {
  override readonly code = 'Disconnected';
  /** Whether who was meant will not come back: nobody listens at its address, or somebody else does. */
  readonly final: boolean;

  constructor(message: string, options: DisconnectedOptions = {}) {
    super(message, options);
    this.final = options.final ?? false;
  }
}

/** The lease's time is over. Acquire a new one, or attach to the one its owner publishes next. */
export class LeaseExpired extends FabricError {
  override readonly code = 'LeaseExpired';
}

/** Tear-down could not be confirmed: nothing new lands on these bytes until an operator clears them. Terminal. */
export class Fenced extends FabricError {
  override readonly code = 'Fenced';
}

/** A bound was reached: memory, descriptors, slots. The message says which, and how much of it there is. */
export class CapacityExceeded extends FabricError {
  override readonly code = 'CapacityExceeded';
}

/** This machine, plane or lease cannot do what was asked. */
export class Unsupported extends FabricError {
  override readonly code = 'Unsupported';
}

/** The lease was taken away, or given back. Not recoverable. */
export class Revoked extends FabricError {
  override readonly code = 'Revoked';
}

/** The operating system refused; `cause` says how. */
export class IoError extends FabricError {
  override readonly code = 'IoError';
}

/** Somebody else holds what only one can hold, such as the slot of a one-client lease. */
export class Contention extends FabricError {
  override readonly code = 'Contention';
}

/** The call's or the request's deadline passed before an answer came. */
export class DeadlineExceeded extends FabricError {
  override readonly code = 'DeadlineExceeded';
}

/** A peer wrote what the protocol does not allow. */
export class MalformedFrame extends FabricError {
  override readonly code = 'MalformedFrame';
}

/** The payload does not fit the slot, or, where longer ones go in parts, the lease. Nothing was written. */
export class PayloadTooLarge extends FabricError {
  override readonly code = 'PayloadTooLarge';
}

/** Whoever made the call has given it up; `cause` is the reason of its AbortSignal. */
export class Cancelled extends FabricError {
  override readonly code = 'Cancelled';
}

const classes = {
  Disconnected,
  LeaseExpired,
  Fenced,
  CapacityExceeded,
  Unsupported,
  Revoked,
  IoError,
  Contention,
  DeadlineExceeded,
  MalformedFrame,
  PayloadTooLarge,
  Cancelled,
} as const;
