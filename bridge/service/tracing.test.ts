// Traces by the real OpenTelemetry: its API, its W3C propagator, its spans, its context across promises.
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../world.test.support.ts';
import { connect } from './connect.ts';
import { implement } from './implement.ts';
import { StreamingTransport } from './memory-stream.test.support.ts';
import { serverStreaming } from './method.ts';
import type { Middleware } from './middleware.ts';
import { defineService } from './service.ts';
import { tracing } from './tracing.ts';
import { desk, deskImplementation, handlerScene, typedScene } from './typed-world.test.support.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
});

afterAll(() => {
  api.context.disable();
  api.propagation.disable();
  api.trace.disable();
});

beforeEach(() => exporter.reset());

const spans = () => {
  const finished = exporter.getFinishedSpans();
  return {
    client: finished.find(({ kind }) => kind === api.SpanKind.CLIENT),
    server: finished.find(({ kind }) => kind === api.SpanKind.SERVER),
    finished,
  };
};

describe('tracing', () => {
  test('makes the server’s span a child of the client’s, by traceparent in the metadata', async () => {
    let traceparent: unknown;
    const look: Middleware = (call, next) => {
      traceparent = call.metadata['traceparent'];
      return next(call);
    };
    let within: api.SpanContext | undefined;
    const later = async ({ value }: { value: string }) => {
      await Promise.resolve();
      within = api.trace.getActiveSpan()?.spanContext();
      return value;
    };
    const { world, typed } = await typedScene(
      desk,
      { ...deskImplementation, later },
      {
        middleware: [tracing(api)],
        server: { middleware: [look, tracing(api)] },
      },
    );
    await api.trace.getTracer('test').startActiveSpan('outer', async (outer) => {
      await world.clock.run(typed.later({ value: 'x' }));
      outer.end();
      const { client, server } = spans();
      const { traceId } = outer.spanContext();
      expect(client).toMatchObject({ name: 'desk/later', parentSpanContext: { spanId: outer.spanContext().spanId } });
      expect(client?.attributes).toEqual({ 'rpc.system': 'leasewire', 'rpc.service': 'desk', 'rpc.method': 'later' });
      expect(server?.parentSpanContext).toMatchObject({
        traceId,
        spanId: client?.spanContext().spanId,
        isRemote: true,
      });
      expect(traceparent).toBe(`00-${traceId}-${client?.spanContext().spanId}-01`);
      expect(within).toEqual(server?.spanContext());
    });
  });

  test('says that a call failed, on both spans', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation, {
      middleware: [tracing(api)],
      server: { middleware: [tracing(api)] },
    });
    await outcome(world.clock.run(typed.fail('no luck')));
    const { client, server } = spans();
    for (const span of [client, server]) {
      expect(span?.status).toEqual({ code: api.SpanStatusCode.ERROR, message: 'no luck' });
    }
  });

  test('takes metadata that is no trace for none', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation, { server: { middleware: [tracing(api)] } });
    const metadata = { traceparent: 'nonsense', bytes: Uint8Array.of(1) };
    await world.clock.run(typed.metadata(undefined, { metadata }));
    expect(spans().server?.parentSpanContext).toBeUndefined();
  });

  test('lasts as long as a stream, whose messages are made within its context', async () => {
    const counts = defineService({ name: 'counts', methods: { upTo: serverStreaming<number, string>() } });
    const options = { middleware: [tracing(api)] };
    async function* upTo(last: number) {
      for (let each = 1; each <= last; each++) yield String(api.trace.getActiveSpan()?.spanContext().spanId);
    }
    const handler = implement(counts, { upTo }, options);
    const { world, client } = await handlerScene(handler);
    const typed = await world.clock.run(connect(counts, new StreamingTransport(client, handler), options));
    const seen: string[] = [];
    for await (const id of typed.upTo(3)) {
      seen.push(id);
      expect(spans().client).toBeUndefined();
    }
    const { client: here, server: there } = spans();
    expect(new Set(seen)).toEqual(new Set([there?.spanContext().spanId]));
    expect(there?.parentSpanContext?.spanId).toBe(here?.spanContext().spanId);
    for await (const _each of typed.upTo(1_000_000)) break;
    await new Promise((resolve) => setImmediate(resolve));
    expect(spans().finished).toHaveLength(4);
  });
});
