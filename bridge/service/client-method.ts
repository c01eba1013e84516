// One method of a typed client: the ways that its calls take.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MalformedFrame, Unsupported, wordsOf } from '../errors.ts';
import type { Lease } from '../lease/lease.ts';
import type { CallOptions } from '../rpc/client-options.ts';
import type { RpcStream } from '../rpc/rpc-stream.ts';
import { decode, encode, encodeBriefly } from './codec.ts';
import type { ServiceCallOptions } from './connect.ts';
import { converse, type Messages } from './message-streams.ts';
import { isEmpty, metadataBit, noMetadata, wrap } from './metadata.ts';
import { type Method, takesStream } from './method.ts';
import { compose, type Middleware, type Next, type ServiceCall } from './middleware.ts';
import { type RetryPolicy, retried } from './retry.ts';
import type { MethodDescription, Service } from './service.ts';
import { validate } from './validation.ts';

/** What carries the calls: an RpcClient. */
export interface ServiceTransport {
  readonly lease: Pick<Lease, 'status' | 'context'>;
  /** Copies `payload` before it returns; and before anything else can be encoded, unless the call is idempotent. */
  call(methodId: number, payload: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** As call(), resolving to what `read` makes of the response. Without it, call() is waited for. */
  callAs?<T>(
    methodId: number,
    payload: Uint8Array,
    read: (response: Uint8Array) => T | Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
  stream?(methodId: number, payload: Uint8Array, options?: CallOptions): RpcStream;
}

export interface ClientMethodParts {
  readonly service: Service;
  readonly told: MethodDescription;
  /** The method's number at the server. */
  readonly id: number;
  readonly transport: ServiceTransport;
  readonly middleware: readonly Middleware[];
  readonly retry: Required<RetryPolicy> | undefined;
}

const mayRunTwice: CallOptions = { idempotent: true };

export class ClientMethod {
  /** As in `calculator.add`. */
  readonly #name: string;
  readonly #parts: ClientMethodParts;
  readonly #output: StandardSchemaV1;
  /** The way through the middleware, if there is any. */
  readonly #next: Next | undefined;

  constructor(parts: ClientMethodParts) {
    const { service, told, middleware } = parts;
    this.#name = `${service.name}.${told.name}`;
    this.#parts = parts;
    this.#output = (service.methods[told.name] as Method).output;
    this.#next = middleware.length === 0 ? undefined : compose(middleware, (call) => this.#carry(call));
  }

  /** The method as its user calls it. */
  asFunction(): (input: unknown, options?: ServiceCallOptions) => unknown {
    switch (this.#parts.told.kind) {
      case 'unary':
        return this.#unary();
      case 'client-streaming':
        return (inputs, options) => this.#call(inputs, options);
      case 'server-streaming':
      case 'bidirectional':
        return (input, options) => this.#messages(input, options);
    }
  }

  /** The shortest way for the commonest call. */
  #unary(): (input: unknown, options?: ServiceCallOptions) => Promise<unknown> {
    const { transport, id, told, retry } = this.#parts;
    const ofAll = told.idempotent ? mayRunTwice : undefined;
    // What may have to be sent again is copied behind a first look for its answer, which may have messages encoded.
    const encodeInput = told.idempotent ? encode : encodeBriefly;
    const bare = this.#next === undefined && (retry === undefined || !told.idempotent);
    return (input, options) => {
      if (options !== undefined || !bare) return this.#call(input, options);
      try {
        const payload = encodeInput(input);
        if (transport.callAs !== undefined) return transport.callAs(id, payload, this.#read, ofAll);
        return transport.call(id, payload, ofAll).then(this.#read);
      } catch (error) {
        return Promise.reject(error); // The input cannot be encoded.
      }
    };
  }

  async *#messages(input: unknown, options: ServiceCallOptions | undefined): AsyncGenerator<unknown> {
    yield* (await this.#call(input, options)) as AsyncIterable<unknown>;
  }

  async #call(input: unknown, options: ServiceCallOptions = {}): Promise<unknown> {
    const { service, told } = this.#parts;
    const { deadlineMs, signal, metadata = noMetadata } = options;
    const { name: method, kind, idempotent } = told;
    const side = 'client';
    const call = {
      side,
      service: service.name,
      method,
      kind,
      idempotent,
      input,
      metadata,
      deadlineMs,
      signal,
    } as const;
    return this.#next === undefined ? this.#carry(call) : this.#next(call);
  }

  /** Behind the middleware: the call itself. */
  async #carry(call: ServiceCall): Promise<unknown> {
    switch (this.#parts.told.kind) {
      case 'unary':
        return this.#carryUnary(call);
      case 'client-streaming':
        return this.#only(this.#stream(call));
      case 'server-streaming':
      case 'bidirectional':
        return this.#stream(call);
    }
  }

  async #carryUnary(call: ServiceCall): Promise<unknown> {
    const { transport, told, retry } = this.#parts;
    const { methodId, payload } = this.#opening(call, call.input);
    const attempt = (deadlineMs: number | undefined) =>
      transport.call(methodId, payload, this.#optionsOf({ ...call, deadlineMs })).then(this.#read);
    if (retry === undefined || !told.idempotent) return attempt(call.deadlineMs);
    const { lease } = transport;
    const { deadlineMs, signal } = call;
    const { environment } = lease.context;
    const isOpen = () => lease.status === 'active';
    return retried({ policy: retry, environment, deadlineMs, signal, isOpen, attempt });
  }

  #stream(call: ServiceCall): AsyncGenerator<unknown> {
    const { transport, told } = this.#parts;
    if (transport.stream === undefined) throw new Unsupported(`${this.#name} streams, which this client cannot`);
    const streams = takesStream(told.kind);
    const { methodId, payload } = this.#opening(call, streams ? undefined : call.input);
    const stream = transport.stream(methodId, payload, this.#optionsOf(call));
    return converse(stream, streams ? (call.input as Messages) : [], this.#read);
  }

  async #only(outputs: AsyncIterable<unknown>): Promise<unknown> {
    const all: unknown[] = [];
    for await (const output of outputs) {
      if (all.push(output) > 1) break;
    }
    if (all.length === 1) return all[0];
    const count = all.length === 0 ? 'no output' : 'more than one output';
    throw new MalformedFrame(`${this.#name} gave ${count}`, { mayHaveExecuted: true });
  }

  /** The number and the bytes that a call begins with, kept for as long as it is under way. */
  #opening({ metadata }: ServiceCall, input: unknown): { methodId: number; payload: Uint8Array } {
    const { id } = this.#parts;
    if (isEmpty(metadata)) return { methodId: id, payload: encode(input) };
    return { methodId: id + metadataBit, payload: wrap(metadata, input) };
  }

  #optionsOf({ deadlineMs, signal }: Pick<ServiceCall, 'deadlineMs' | 'signal'>): CallOptions {
    return {
      idempotent: this.#parts.told.idempotent,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  /** What a message of the server holds, or a promise of it. */
  readonly #read = (message: Uint8Array): unknown =>
    validate(this.#output, this.#decoded(message), 'output', this.#name);

  #decoded(message: Uint8Array): unknown {
    try {
      return decode(message);
    } catch (cause) {
      const reason = `${this.#name} gave an output that cannot be read: ${wordsOf(cause)}`;
      throw new MalformedFrame(reason, { cause, mayHaveExecuted: true });
    }
  }
}
