// The server's end of a typed service: a handler that decodes, checks, runs the implementation and encodes. A call without
// metadata, middleware and promises passes through without any of them.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { wordsOf } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import type { CallContext } from '../rpc/call-context.ts';
import type { RpcHandler } from '../rpc/rpc-handler.ts';
import type { RpcStream } from '../rpc/rpc-stream.ts';
import { decode, encode, encodeBriefly } from './codec.ts';
import { answerQuestion, helloMethodId } from './hello.ts';
import { type Messages, receive } from './message-streams.ts';
import { type Metadata, metadataBit, noMetadata, unwrap } from './metadata.ts';
import { type AnyMethod, anything, type Method, type Methods, takesStream } from './method.ts';
import { compose, type Middleware, type Next, type ServiceCall } from './middleware.ts';
import type { MethodDescription, Service } from './service.ts';
import { validate } from './validation.ts';

/** What an implementation knows of a call, beside its input. */
export interface ServiceContext extends CallContext {
  readonly metadata: Metadata;
}

type In<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S>;
type Out<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;
type MaybePromise<T> = T | Promise<T>;

/** How a method is implemented: what it takes is checked already, what it gives the client checks. */
export type MethodImplementation<M extends AnyMethod> =
  M extends Method<'unary', infer I, infer O>
    ? (input: Out<I>, context: ServiceContext) => MaybePromise<In<O>>
    : M extends Method<'server-streaming', infer I, infer O>
      ? (input: Out<I>, context: ServiceContext) => Messages<In<O>>
      : M extends Method<'client-streaming', infer I, infer O>
        ? (inputs: AsyncIterable<Out<I>>, context: ServiceContext) => MaybePromise<In<O>>
        : M extends Method<'bidirectional', infer I, infer O>
          ? (inputs: AsyncIterable<Out<I>>, context: ServiceContext) => Messages<In<O>>
          : never;

export type Implementation<M extends Methods> = { readonly [Name in keyof M]: MethodImplementation<M[Name]> };

export interface ImplementOptions {
  /** Stands around every call; the first outermost. */
  readonly middleware?: readonly Middleware[];
}

/**
 * The handler that serves an implementation, an object or an instance of a class:
 *
 *     await server.serve(implement(calculator, { add: ({ a, b }) => a + b }));
 *
 * What a method throws reaches its client as a RemoteError; an outcome that is to be expected is better a value. Throws
 * TypeError for a method that is missing.
 */
export function implement<M extends Methods>(
  service: Service<M>,
  implementation: Implementation<M>,
  options: ImplementOptions = {},
): Required<RpcHandler> {
  return new ServiceHandler(service, implementation, options.middleware ?? []);
}

/** Where middleware has taken the call's own signal away. */
const neverAborts: AbortSignal = new AbortController().signal;

type Run = (input: unknown, context: ServiceContext) => unknown;

interface ServedMethod {
  readonly told: MethodDescription;
  /** As in `calculator.add`. */
  readonly name: string;
  readonly input: StandardSchemaV1;
  readonly run: Run;
  /** The way through the middleware to `run`, if there is any. */
  readonly next: Next | undefined;
}

/** What a request holds. */
interface Opened {
  readonly method: ServedMethod;
  readonly metadata: Metadata;
  readonly input: unknown;
}

class ServiceHandler implements RpcHandler {
  readonly #service: Service;
  /** By id. */
  readonly #methods: readonly (ServedMethod | undefined)[];
  /** Those between whose payload and function there is nothing but the codec: the shortest way for the commonest call. */
  readonly #bare: readonly (ServedMethod | undefined)[];

  constructor(service: Service, implementation: object, middleware: readonly Middleware[]) {
    const methods: ServedMethod[] = [];
    for (const told of service.description.methods) {
      methods[told.id] = servedMethod(service, told, runnerOf(implementation, told.name), middleware);
    }
    this.#service = service;
    this.#methods = methods;
    this.#bare = methods.map((method) => (isBare(method) ? method : undefined));
  }

  handle(methodId: number, payload: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array> {
    const bare = this.#bare[methodId];
    if (bare !== undefined) {
      return encodeOutput(bare.run(decodeInput(bare, payload), new CallWithMetadata(context, noMetadata)));
    }
    if (methodId === helloMethodId) return answerQuestion(this.#service, payload);
    const { method, metadata, input } = this.#open(methodId, payload);
    if (method.told.kind !== 'unary') throw wrongKind(method, 'called, but streams');
    return encodeOutput(outputOf(this.#service, method, input, metadata, context));
  }

  async stream(methodId: number, payload: Uint8Array, stream: RpcStream, context: CallContext): Promise<void> {
    const { method, metadata, input } = this.#open(methodId, payload);
    const { kind } = method.told;
    if (kind === 'unary') throw wrongKind(method, 'opened as a stream, but is called');
    const taken = takesStream(kind) ? receive(stream, (message) => readInput(method, message)) : input;
    const output = await outputOf(this.#service, method, taken, metadata, context);
    if (kind === 'client-streaming') await stream.send(encode(output));
    else for await (const each of output as Messages) await stream.send(encode(each));
    await stream.end();
  }

  #open(methodId: number, payload: Uint8Array): Opened {
    const wrapped = methodId >= metadataBit;
    const method = this.#methods[wrapped ? methodId - metadataBit : methodId];
    if (method === undefined) throw RemoteError.unknownMethod(methodId);
    const decoded = decodeInput(method, payload);
    if (!wrapped) return { method, metadata: noMetadata, input: decoded };
    try {
      return { method, ...unwrap(decoded) };
    } catch (error) {
      throw malformed(method, error);
    }
  }
}

function servedMethod(
  service: Service,
  told: MethodDescription,
  run: Run,
  middleware: readonly Middleware[],
): ServedMethod {
  const { input } = service.methods[told.name] as Method;
  const plain = { told, name: `${service.name}.${told.name}`, input, run, next: undefined };
  if (middleware.length === 0) return plain;
  const innermost: Next = async ({ input, metadata, deadlineMs, signal }) => {
    const context = { deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY, signal: signal ?? neverAborts, metadata };
    return runChecked(plain, input, context);
  };
  return { ...plain, next: compose(middleware, innermost) };
}

/** A method of a class keeps its `this`. */
function runnerOf(implementation: object, name: string): Run {
  const run: unknown = Reflect.get(implementation, name);
  if (typeof run !== 'function') throw new TypeError(`the implementation has no method ${name}`);
  return run.bind(implementation) as Run;
}

function outputOf(service: Service, method: ServedMethod, input: unknown, metadata: Metadata, context: CallContext) {
  if (method.next === undefined) return runChecked(method, input, new CallWithMetadata(context, metadata));
  const { name, kind, idempotent } = method.told;
  const { deadlineMs, signal } = context;
  const call: ServiceCall = {
    side: 'server',
    service: service.name,
    method: name,
    kind,
    idempotent,
    input,
    metadata,
    deadlineMs,
    signal,
  };
  return method.next(call);
}

/** Of streams that go in, each message is checked as it comes. */
function runChecked(method: ServedMethod, input: unknown, context: ServiceContext): unknown {
  const { told, name, run } = method;
  if (takesStream(told.kind)) return run(input, context);
  const checked = validate(method.input, input, 'input', name);
  return checked instanceof Promise ? checked.then((settled) => run(settled, context)) : run(checked, context);
}

function readInput(method: ServedMethod, message: Uint8Array): unknown {
  return validate(method.input, decodeInput(method, message), 'input', method.name);
}

function decodeInput(method: ServedMethod, payload: Uint8Array): unknown {
  try {
    return decode(payload);
  } catch (error) {
    throw malformed(method, error);
  }
}

function wrongKind({ name, told }: ServedMethod, how: string): RemoteError {
  return new RemoteError(`${name} is ${told.kind}: it was ${how}`, { kind: 'malformed-request' });
}

function malformed({ name }: ServedMethod, cause: unknown): RemoteError {
  return new RemoteError(`${name} cannot read its input: ${wordsOf(cause)}`, { kind: 'malformed-request', cause });
}

/** With getters, for what is left of a deadline may be counted, and a signal made, when it is asked for. */
class CallWithMetadata implements ServiceContext {
  readonly metadata: Metadata;
  readonly #context: CallContext;

  constructor(context: CallContext, metadata: Metadata) {
    this.#context = context;
    this.metadata = metadata;
  }

  get deadlineMs(): number {
    return this.#context.deadlineMs;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }
}

function isBare({ told, input, next }: ServedMethod): boolean {
  return told.kind === 'unary' && input === anything && next === undefined;
}

/** A long answer goes in parts, and must stay as it is until the last: only what is short in any case is not kept. */
function encodeOutput(output: unknown): Uint8Array | Promise<Uint8Array> {
  if (typeof output === 'number' || typeof output === 'boolean') return encodeBriefly(output);
  return isThenable(output) ? output.then(encode) : encode(output);
}

function isThenable(output: unknown): output is Promise<unknown> {
  return typeof output === 'object' && output !== null && typeof (output as { then?: unknown }).then === 'function';
}
