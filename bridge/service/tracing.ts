// Traces of calls, by the OpenTelemetry API that the user hands in: leasewire itself needs none of it.
import type { Context, context, propagation, Span, SpanKind, trace } from '@opentelemetry/api';
import { wordsOf } from '../errors.ts';
import type { Metadata } from './metadata.ts';
import type { Middleware, Next, ServiceCall } from './middleware.ts';

/** What is used of `@opentelemetry/api`. */
export interface TracingApi {
  readonly context: Pick<typeof context, 'active' | 'with'>;
  readonly propagation: Pick<typeof propagation, 'inject' | 'extract'>;
  readonly trace: Pick<typeof trace, 'getTracer' | 'setSpan'>;
}

const clientKind = 2 satisfies SpanKind.CLIENT;
const serverKind = 1 satisfies SpanKind.SERVER;
const errorStatus = 2;

/**
 * Middleware that makes a span of every call, at the client and at the server, the latter within the former: the context
 * travels in the metadata, by whatever propagator is set (W3C Trace Context writes `traceparent`).
 *
 *     import * as api from '@opentelemetry/api';
 *     const calc = await connect(calculator, client, { middleware: [tracing(api)] });
 *     await server.serve(implement(calculator, calculatorImpl, { middleware: [tracing(api)] }));
 */
export function tracing(api: TracingApi): Middleware {
  return (call, next) => (call.side === 'client' ? traceClient(api, call, next) : traceServer(api, call, next));
}

function traceClient(api: TracingApi, call: ServiceCall, next: Next): Promise<unknown> {
  const span = startSpan(api, call, clientKind, api.context.active());
  const within = api.trace.setSpan(api.context.active(), span);
  const carrier: Record<string, string> = {};
  api.propagation.inject(within, carrier);
  return spanning(api, { ...call, metadata: { ...call.metadata, ...carrier } }, next, span, within);
}

function traceServer(api: TracingApi, call: ServiceCall, next: Next): Promise<unknown> {
  const parent = api.propagation.extract(api.context.active(), textOf(call.metadata));
  const span = startSpan(api, call, serverKind, parent);
  return spanning(api, call, next, span, api.trace.setSpan(parent, span));
}

function startSpan(api: TracingApi, { service, method }: ServiceCall, kind: SpanKind, parent: Context): Span {
  const attributes = { 'rpc.system': 'leasewire', 'rpc.service': service, 'rpc.method': method };
  return api.trace.getTracer('leasewire').startSpan(`${service}/${method}`, { kind, attributes }, parent);
}

/** A span lasts until its call's output is there; of a stream, until that is over. */
async function spanning(api: TracingApi, call: ServiceCall, next: Next, span: Span, within: Context): Promise<unknown> {
  try {
    const output = await api.context.with(within, () => next(call));
    if (call.kind !== 'server-streaming' && call.kind !== 'bidirectional') span.end();
    else return messagesSpanning(api, output as AsyncIterable<unknown> | Iterable<unknown>, span, within);
    return output;
  } catch (error) {
    fail(span, error);
    throw error;
  }
}

/** Whoever makes the messages does so within the call's context. */
async function* messagesSpanning(
  api: TracingApi,
  messages: AsyncIterable<unknown> | Iterable<unknown>,
  span: Span,
  within: Context,
): AsyncGenerator<unknown> {
  const source = Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
  let over = false;
  try {
    for (;;) {
      const { done, value } = await api.context.with(within, () => source.next());
      over = done === true;
      if (over) return;
      yield value;
    }
  } catch (error) {
    over = true;
    span.setStatus({ code: errorStatus, message: wordsOf(error) });
    throw error;
  } finally {
    if (!over) await source.return?.();
    span.end();
  }
}

function fail(span: Span, error: unknown): void {
  span.setStatus({ code: errorStatus, message: wordsOf(error) });
  span.end();
}

function textOf(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >;
}
