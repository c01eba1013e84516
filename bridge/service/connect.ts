// The client's end of a typed service: its methods read like local functions. A unary call without metadata, middleware
// and retries costs an encoding and a decoding more than a raw one, and allocates nothing else but its promise.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MalformedFrame } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import { ClientMethod, type ServiceTransport } from './client-method.ts';
import { decodeAnswer, differencesOf, encodeQuestion, helloMethodId, ServiceMismatch } from './hello.ts';
import type { Messages } from './message-streams.ts';
import type { Metadata } from './metadata.ts';
import type { AnyMethod, Method, Methods } from './method.ts';
import type { Middleware } from './middleware.ts';
import { checkRetryPolicy, type RetryPolicy } from './retry.ts';
import type { Service, ServiceDescription } from './service.ts';

/** What may be said about one call. */
export interface ServiceCallOptions {
  /** Milliseconds until the call fails with DeadlineExceeded; Infinity for none but the lease's own. */
  readonly deadlineMs?: number;
  /** Gives the call up when it aborts. */
  readonly signal?: AbortSignal;
  /** What the call carries beside its input. */
  readonly metadata?: Metadata;
}

type Given<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S>;
type Got<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

/** What is nothing may be left out. */
type Arguments<Input> = undefined extends Input
  ? [input?: Input, options?: ServiceCallOptions]
  : [input: Input, options?: ServiceCallOptions];

/** How a method is called. What gives a stream begins when it is first asked for a message; leaving the loop ends the call. */
export type MethodCall<M extends AnyMethod> =
  M extends Method<'unary', infer I, infer O>
    ? (...args: Arguments<Given<I>>) => Promise<Got<O>>
    : M extends Method<'server-streaming', infer I, infer O>
      ? (...args: Arguments<Given<I>>) => AsyncIterableIterator<Got<O>>
      : M extends Method<'client-streaming', infer I, infer O>
        ? (inputs: Messages<Given<I>>, options?: ServiceCallOptions) => Promise<Got<O>>
        : M extends Method<'bidirectional', infer I, infer O>
          ? (inputs: Messages<Given<I>>, options?: ServiceCallOptions) => AsyncIterableIterator<Got<O>>
          : never;

export type ServiceClient<M extends Methods> = { readonly [Name in keyof M]: MethodCall<M[Name]> };

export interface ConnectOptions {
  /** Stands around every call; the first outermost. */
  readonly middleware?: readonly Middleware[];
  /** Makes calls of idempotent unary methods again after failures that pass. Without it none is. */
  readonly retry?: RetryPolicy;
}

/**
 * A client of a service:
 *
 *     const calc = await connect(calculator, new RpcClient(lease));
 *     const sum = await calc.add({ a: 1, b: 2 }, { deadlineMs: 100 });
 *
 * Rejects with ServiceMismatch, which names the differences, if the server does not serve what `service` says.
 */
export async function connect<M extends Methods>(
  service: Service<M>,
  client: ServiceTransport,
  options: ConnectOptions = {},
): Promise<ServiceClient<M>> {
  const { middleware = [] } = options;
  const retry = options.retry === undefined ? undefined : checkRetryPolicy(options.retry);
  const served = await hello(service, client);
  const idOf = new Map(served.methods.map(({ name, id }) => [name, id]));
  const calls = service.description.methods.map((told) => {
    const id = idOf.get(told.name) as number;
    const method = new ClientMethod({ service, told, id, transport: client, middleware, retry });
    return [told.name, method.asFunction()];
  });
  return Object.fromEntries(calls) as ServiceClient<M>;
}

/** What the server says it serves, once nothing stands against it. */
async function hello({ name, description }: Service, client: ServiceTransport): Promise<ServiceDescription> {
  let there: ServiceDescription;
  try {
    there = decodeAnswer(await client.call(helloMethodId, encodeQuestion(name), { idempotent: true }));
  } catch (error) {
    // Refused, or answered by something that is no typed service.
    if (error instanceof RemoteError || error instanceof MalformedFrame) {
      throw new ServiceMismatch(name, [error.message], error);
    }
    throw error;
  }
  const differences = differencesOf(description, there);
  if (differences.length > 0) throw new ServiceMismatch(name, differences);
  return there;
}
