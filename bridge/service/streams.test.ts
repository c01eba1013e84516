// Methods that stream, over raw streams in memory; the hello goes over the real client and server.
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, test } from 'vitest';
import { RemoteError } from '../remote-error.ts';
import { ValidationError } from '../validation-error.ts';
import { outcome } from '../world.test.support.ts';
import { encode } from './codec.ts';
import { connect, type ServiceClient } from './connect.ts';
import { type Implementation, implement, type ServiceContext } from './implement.ts';
import { StreamingTransport } from './memory-stream.test.support.ts';
import { bidirectional, clientStreaming, serverStreaming, unary } from './method.ts';
import type { Middleware } from './middleware.ts';
import { defineService } from './service.ts';
import { handlerScene } from './typed-world.test.support.ts';

const tape = defineService({
  name: 'tape',
  methods: {
    upTo: serverStreaming<number, number>(),
    sum: clientStreaming({ input: v.number(), output: v.pipe(v.number(), v.maxValue(1000)) }),
    first: clientStreaming<string, string>(),
    double: bidirectional({ input: v.number(), output: v.pipe(v.number(), v.maxValue(100)) }),
    endless: serverStreaming<void, number>(),
    fails: serverStreaming<void, number>(),
    metadata: serverStreaming<void, string>(),
    one: unary<void, number>(),
  },
});
type TapeMethods = (typeof tape)['methods'];

let released: number;
let context: ServiceContext | undefined;

const implementation: Implementation<TapeMethods> = {
  *upTo(last) {
    for (let each = 1; each <= last; each++) yield each;
  },
  async sum(numbers) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  },
  async first(words) {
    for await (const word of words) return word;
    throw new RemoteError('nothing came', { code: 3 });
  },
  async *double(numbers) {
    for await (const number of numbers) yield 2 * number;
  },
  async *endless(_input, given) {
    context = given;
    try {
      for (let each = 0; ; each++) yield each;
    } finally {
      released += 1;
    }
  },
  async *fails() {
    yield 1;
    throw new RemoteError('broken', { code: 9 });
  },
  *metadata(_input, { metadata }) {
    yield String(metadata['who']);
  },
  one: () => 1,
};

async function scene(options: { client?: Middleware[]; server?: Middleware[]; room?: number } = {}) {
  const handler = implement(tape, implementation, { middleware: options.server ?? [] });
  const { client, world } = await handlerScene(handler);
  const transport = new StreamingTransport(client, handler, options.room);
  const typed: ServiceClient<TapeMethods> = await world.clock.run(
    connect(tape, transport, { middleware: options.client ?? [] }),
  );
  return { transport, typed, handler };
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const message of messages) taken.push(message);
  return taken;
}

/** As all(), of what fails: what came before, and the error. */
async function untilError<T>(messages: AsyncIterable<T>): Promise<{ taken: T[]; error: unknown }> {
  const taken: T[] = [];
  try {
    for await (const message of messages) taken.push(message);
  } catch (error) {
    return { taken, error };
  }
  throw new Error('it did not fail');
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

beforeEach(() => {
  released = 0;
  context = undefined;
});

describe('a method that streams', () => {
  test('gives every message, in order, with back-pressure', async () => {
    const { typed, transport } = await scene({ room: 3 });
    expect(await all(typed.upTo(500))).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(await all(typed.upTo(0))).toEqual([]);
    expect(transport.opened[0]?.here.waitingMax).toBe(3);
  });

  test('takes every message, from any iterable', async () => {
    const { typed } = await scene();
    expect(await typed.sum([1, 2, 3])).toBe(6);
    expect(await typed.sum(typed.upTo(10))).toBe(55);
    expect(await typed.sum([])).toBe(0);
  });

  test('takes and gives side by side', async () => {
    const { typed } = await scene({ room: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -50, max: 50 })), async (numbers) => {
        expect(await all(typed.double(numbers))).toEqual(numbers.map((number) => 2 * number));
      }),
    );
  });

  test('answers message by message, as a conversation does', async () => {
    const { typed } = await scene();
    const heard: number[] = [];
    async function* talk() {
      yield 1;
      while (heard.length < 1) await settle();
      yield (heard[0] as number) + 5;
    }
    for await (const each of typed.double(talk())) heard.push(each);
    expect(heard).toEqual([2, 14]);
  });

  test('carries metadata', async () => {
    const { typed } = await scene();
    expect(await all(typed.metadata(undefined, { metadata: { who: 'ada' } }))).toEqual(['ada']);
  });

  test('hands its options on', async () => {
    const { typed, transport } = await scene();
    const { signal } = new AbortController();
    await all(typed.upTo(1, { deadlineMs: 50, signal }));
    expect(transport.opened[0]?.options).toEqual({ deadlineMs: 50, signal, idempotent: false });
  });

  test('begins when it is first asked for a message', async () => {
    const { typed, transport } = await scene();
    const messages = typed.upTo(1);
    await settle();
    expect(transport.opened).toHaveLength(0);
    await all(messages);
    expect(transport.opened).toHaveLength(1);
  });
});

describe('a stream that is left early', () => {
  test('is given up: the server’s generator is released, its signal aborts', async () => {
    const { typed } = await scene();
    for await (const each of typed.endless()) if (each === 10) break;
    while (released === 0) await settle();
    expect(context?.signal.aborted).toBe(true);
  });

  test('releases what was to be sent', async () => {
    const { typed } = await scene();
    let closed = false;
    async function* numbers() {
      try {
        for (let each = 0; ; each++) yield each;
      } finally {
        closed = true;
      }
    }
    for await (const _each of typed.double(numbers())) break;
    while (!closed) await settle();
  });

  test('by the server, which needs no more, ends well', async () => {
    const { typed } = await scene();
    async function* words() {
      for (let each = 0; ; each++) yield `word ${each}`;
    }
    expect(await typed.first(words())).toBe('word 0');
  });
});

describe('a stream fails', () => {
  test('with what the implementation throws, after what it gave', async () => {
    const { typed } = await scene();
    const { taken, error } = await untilError(typed.fails());
    expect(taken).toEqual([1]);
    expect(error).toMatchObject({ name: 'RemoteError', code: 9, message: 'broken' });
    expect(await outcome(typed.first([]))).toMatchObject({ reason: { code: 3, message: 'nothing came' } });
  });

  test('with what its inputs throw, and the server’s end is cancelled', async () => {
    const { typed, transport } = await scene();
    const broken = new Error('no more input');
    function* numbers() {
      yield 1;
      throw broken;
    }
    expect(await outcome(typed.sum(numbers()))).toMatchObject({ reason: broken });
    expect(transport.opened[0]?.there.abort.signal.aborted).toBe(true);
    expect((await untilError(typed.double(numbers()))).error).toBe(broken);
  });

  test('at an input that is not valid', async () => {
    const { typed } = await scene();
    const settled = await outcome(typed.sum([1, 'two' as unknown as number]));
    expect(settled).toMatchObject({ reason: { kind: 'invalid-input', side: 'input' } });
    expect(settled.status === 'rejected' && settled.reason).toBeInstanceOf(ValidationError);
  });

  test('at an output that is not valid', async () => {
    const { typed } = await scene();
    const { taken, error } = await untilError(typed.double([1, 2, 60, 3]));
    expect(taken).toEqual([2, 4]);
    expect(error).toMatchObject({ kind: 'invalid-output', side: 'output' });
    expect(await outcome(typed.sum([999, 999]))).toMatchObject({ reason: { kind: 'invalid-output' } });
  });

  test('at a message that cannot be read', async () => {
    const { transport } = await scene();
    const id = tape.description.methods.find(({ name }) => name === 'sum')?.id as number;
    const stream = transport.stream(id, new Uint8Array(0));
    await stream.send(Uint8Array.of(0xc1, 0xc1));
    const end = await outcome(all(stream));
    expect(end).toMatchObject({ reason: { kind: 'malformed-request' } });
  });

  test('where a server gives no output, or two', async () => {
    const { transport, handler } = await scene();
    const lying = new StreamingTransport(transport, {
      ...handler,
      handle: (id, payload, given) => handler.handle(id, payload, given),
      async stream(_id, payload, stream) {
        for (let count = 0; count < (payload.length > 0 ? 2 : 0); count++) await stream.send(encode(count));
        await stream.end();
      },
    });
    const { world, client } = await handlerScene(handler);
    lying.call = (id, payload, options) => world.clock.run(client.call(id, payload, options));
    const typed = await connect(tape, lying);
    expect(await outcome(typed.first([]))).toMatchObject({ reason: { code: 'MalformedFrame' } });
    const twice = typed.first([], { metadata: { a: '' } });
    expect(await outcome(twice)).toMatchObject({ reason: { message: expect.stringContaining('more than one') } });
  });

  test('where a stream is called, or a call is opened as a stream', async () => {
    const { handler, transport } = await scene();
    const idOf = (name: string) => tape.description.methods.find((each) => each.name === name)?.id as number;
    const { world, client } = await handlerScene(handler);
    const called = await outcome(world.clock.run(client.call(idOf('sum'), encode(1))));
    expect(called).toMatchObject({
      reason: { kind: 'malformed-request', message: expect.stringContaining('tape.sum') },
    });
    expect(await outcome(all(transport.stream(idOf('one'), encode(1))))).toMatchObject({
      reason: { kind: 'malformed-request' },
    });
    expect(await outcome(all(transport.stream(99, encode(1))))).toMatchObject({ reason: { kind: 'unknown-method' } });
  });

  test('where the client has no streams', async () => {
    const { world, client } = await handlerScene(implement(tape, implementation));
    const bare = { lease: client.lease, call: client.call.bind(client) };
    const typed = await world.clock.run(connect(tape, bare));
    expect((await untilError(typed.upTo(1))).error).toMatchObject({ code: 'Unsupported' });
    expect(await outcome(typed.sum([1]))).toMatchObject({ reason: { code: 'Unsupported' } });
  });
});

describe('middleware', () => {
  test('stands around streams at both ends, and may change what goes through', async () => {
    const seen: string[] = [];
    const note: Middleware = async (call, next) => {
      seen.push(`${call.side} ${call.method} ${call.kind}`);
      return next(call);
    };
    const plusOne: Middleware = async (call, next) => {
      const outputs = (await next(call)) as AsyncIterable<number>;
      return (async function* () {
        for await (const each of outputs) yield each + 1;
      })();
    };
    const { typed } = await scene({ client: [note, plusOne], server: [note] });
    expect(await all(typed.double([1, 2]))).toEqual([3, 5]);
    expect(seen).toEqual(['client double bidirectional', 'server double bidirectional']);
  });
});
