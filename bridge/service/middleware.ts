// What stands around the calls of a service, at its client or its server: each may look at a call, change it, answer it
// itself, or hand it on.
import type { Metadata } from './metadata.ts';
import type { MethodKind } from './method.ts';

export interface ServiceCall {
  readonly side: 'client' | 'server';
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  readonly idempotent: boolean;
  /** Not checked yet; of a method that takes a stream, an iterable. */
  readonly input: unknown;
  readonly metadata: Metadata;
  /** Milliseconds that are left; undefined at a client that named none. */
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Hands the call on: gives its output; of a method that gives a stream, an iterable. */
export type Next = (call: ServiceCall) => Promise<unknown>;

/**
 * Stands around calls:
 *
 *     const asUser: Middleware = (call, next) => next({ ...call, metadata: { ...call.metadata, user } });
 */
export type Middleware = (call: ServiceCall, next: Next) => Promise<unknown>;

/** The first stands outermost. */
export function compose(middleware: readonly Middleware[], innermost: Next): Next {
  return middleware.reduceRight<Next>((next, each) => async (call) => each(call, next), innermost);
}
