// Traces of calls, by the OpenTelemetry API that the user hands in: leasewire itself needs none of it.
import { wordsOf } from '../errors.ts';
import type { Messages } from './message-streams.ts';
import type { Metadata } from './metadata.ts';
import { givesStream } from './method.ts';
import type { Middleware, Next, ServiceCall } from './middleware.ts';

/** What is used of a span. */
export interface TracingSpan {
  setStatus(status: { code: number; message: string }): unknown;
  end(): void;
}

/** What is used of `@opentelemetry/api`, written out: whoever does not trace need not install it to compile. */
export interface TracingApi<Context = unknown, Span extends TracingSpan = TracingSpan> {
  readonly context: {
    active(): Context;
    with<T>(context: Context, run: () => T): T;
  };
  readonly propagation: {
    inject(context: Context, carrier: Record<string, string>): void;
    extract(context: Context, carrier: Record<string, string>): Context;
  };
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options: { kind: number; attributes: Record<string, string> }, context: Context): Span;
    };
    setSpan(context: Context, span: Span): Context;
  };
}

/** SpanKind.CLIENT and SERVER, SpanStatusCode.ERROR. */
const clientKind = 2;
const serverKind = 1;
const errorStatus = 2;

/**
 * Middleware that makes a span of every call, at the client and at the server, the latter within the former: the context
 * travels in the metadata, by whatever propagator is set (W3C Trace Context writes `traceparent`).
 *
 *     import * as api from '@opentelemetry/api';
 *     const calc = await connect(calculator, client, { middleware: [tracing(api)] });
 *     await server.serve(implement(calculator, calculatorImpl, { middleware: [tracing(api)] }));
 */
export function tracing<Context, Span extends TracingSpan>(api: TracingApi<Context, Span>): Middleware {
  const tracer = new CallTracer(api);
  return (call, next) => (call.side === 'client' ? tracer.traceClient(call, next) : tracer.traceServer(call, next));
}

class CallTracer<Context, Span extends TracingSpan> {
  readonly #api: TracingApi<Context, Span>;

  constructor(api: TracingApi<Context, Span>) {
    this.#api = api;
  }

  traceClient(call: ServiceCall, next: Next): Promise<unknown> {
    const { context, trace, propagation } = this.#api;
    const span = this.#start(call, clientKind, context.active());
    const within = trace.setSpan(context.active(), span);
    const carrier: Record<string, string> = {};
    propagation.inject(within, carrier);
    return this.#follow({ ...call, metadata: { ...call.metadata, ...carrier } }, next, span, within);
  }

  traceServer(call: ServiceCall, next: Next): Promise<unknown> {
    const { context, trace, propagation } = this.#api;
    const parent = propagation.extract(context.active(), textOf(call.metadata));
    const span = this.#start(call, serverKind, parent);
    return this.#follow(call, next, span, trace.setSpan(parent, span));
  }

  #start({ service, method }: ServiceCall, kind: number, parent: Context): Span {
    const attributes = { 'rpc.system': 'leasewire', 'rpc.service': service, 'rpc.method': method };
    return this.#api.trace.getTracer('leasewire').startSpan(`${service}/${method}`, { kind, attributes }, parent);
  }

  /** A span lasts until its call's output is there; of a stream, until that is over. */
  async #follow(call: ServiceCall, next: Next, span: Span, within: Context): Promise<unknown> {
    try {
      const output = await this.#api.context.with(within, () => next(call));
      if (givesStream(call.kind)) return this.#followMessages(output as Messages, span, within);
      span.end();
      return output;
    } catch (error) {
      fail(span, error);
      span.end();
      throw error;
    }
  }

  /** Whoever makes the messages does so within the call's context. */
  async *#followMessages(messages: Messages, span: Span, within: Context): AsyncGenerator<unknown> {
    const source = Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
    let over = false;
    try {
      for (;;) {
        const { done, value } = await this.#api.context.with(within, () => source.next());
        over = done === true;
        if (over) return;
        yield value;
      }
    } catch (error) {
      over = true;
      fail(span, error);
      throw error;
    } finally {
      if (!over) await source.return?.();
      span.end();
    }
  }
}

function fail(span: TracingSpan, error: unknown): void {
  span.setStatus({ code: errorStatus, message: wordsOf(error) });
}

function textOf(metadata: Metadata): Record<string, string> {
  const entries = Object.entries(metadata);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
