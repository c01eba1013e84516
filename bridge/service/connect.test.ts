// Unary calls of typed services, on the real client and server, in the simulator.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../control/codec.ts';
import { PayloadTooLarge } from '../errors.ts';
import { metadataEntriesMax } from '../limits.ts';
import { RemoteError } from '../remote-error.ts';
import { ValidationError } from '../validation-error.ts';
import { outcome } from '../world.test.support.ts';
import type { ServiceTransport } from './client-method.ts';
import { decode, encode } from './codec.ts';
import { connect } from './connect.ts';
import { ServiceMismatch } from './hello.ts';
import { implement } from './implement.ts';
import { metadataBit } from './metadata.ts';
import { serverStreaming, unary } from './method.ts';
import { defineService } from './service.ts';
import { desk, deskImplementation, handlerScene, typedScene } from './typed-world.test.support.ts';

const idOf = (name: string) => desk.description.methods.find((method) => method.name === name)?.id as number;

describe('a typed call', () => {
  test('reads like a local one', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(3);
    expect(await world.clock.run(typed.later({ value: 'x' }))).toBe('x');
    expect(await world.clock.run(typed.nothing())).toBeUndefined();
    expect(await world.clock.run(typed.bytes(Uint8Array.of(1, 2, 3)))).toEqual(Uint8Array.of(3, 2, 1));
  });

  test('that may be made again keeps its input, whatever is sent before that is copied', async () => {
    const { world, client } = await handlerScene(implement(desk, deskImplementation));
    const transport: ServiceTransport = {
      lease: client.lease,
      call(methodId, payload, options) {
        if (options?.idempotent === true) encodeMessage({ type: 'hello', version: 4, agent: new Uint8Array(8) });
        return client.call(methodId, payload, options);
      },
    };
    const typed = await world.clock.run(connect(desk, transport));
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(3);
  });

  test('gives what the schemas make of it, on either side', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    expect(await world.clock.run(typed.greet({ name: 'Ada', age: 36 }))).toBe('Ada is 36');
    expect(await world.clock.run(typed.count('41'))).toBe(42);
  });

  test('keeps calls apart that are under way together', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const pairs = fc.sample(fc.record({ a: fc.integer(), b: fc.integer() }), 200);
    const sums = await world.clock.run(Promise.all(pairs.map((pair) => typed.add(pair))));
    expect(sums).toEqual(pairs.map(({ a, b }) => a + b));
  });

  test('keeps the outputs of promises apart that settle together', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const values = fc.sample(fc.string(), 200);
    expect(await world.clock.run(Promise.all(values.map((value) => typed.later({ value }))))).toEqual(values);
  });

  test('calls methods of a class as its own', async () => {
    class Counter {
      #count = 0;
      next(): number {
        this.#count += 1;
        return this.#count;
      }
    }
    const counter = defineService({ name: 'counter', methods: { next: unary<void, number>() } });
    const { world, typed } = await typedScene(counter, new Counter());
    expect(await world.clock.run(typed.next())).toBe(1);
    expect(await world.clock.run(typed.next())).toBe(2);
  });
});

describe('an answer', () => {
  test('stays as it is while others are made, for a long one goes in parts', () => {
    const handler = implement(desk, deskImplementation);
    const context = { deadlineMs: 1, signal: new AbortController().signal };
    const answer = (size: number) => handler.handle(idOf('bytes'), encode(new Uint8Array(size).fill(size)), context);
    const sizes = [1, 43, 60, 200, 300, 5000];
    const answers = sizes.map((size) => answer(size) as Uint8Array);
    const kept = answers.map((bytes) => Uint8Array.from(bytes));
    for (const size of sizes) answer(size + 1);
    expect(answers.map((bytes) => Uint8Array.from(bytes))).toEqual(kept);
    const greeting = handler.handle(idOf('greet'), encode({ name: 'Ada', age: 36 }), context) as Uint8Array;
    handler.handle(idOf('greet'), encode({ name: 'Bob', age: 63 }), context);
    expect(decode(greeting)).toBe('Ada is 36');
  });
});

describe('a failure', () => {
  test('of the implementation is a RemoteError, with the code that it chose', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const failed = await outcome(world.clock.run(typed.fail('no')));
    expect(failed).toMatchObject({ reason: { name: 'RemoteError', kind: 'handler', code: 0, message: 'no' } });
    const refused = await outcome(world.clock.run(typed.refuse({ code: 7, message: 'not today' })));
    expect(refused).toMatchObject({ reason: { kind: 'handler', code: 7, message: 'not today' } });
  });

  test('of an input is a ValidationError at both ends, and nothing runs', async () => {
    let ran = false;
    const seen: unknown[] = [];
    const greet = () => {
      ran = true;
      return '';
    };
    const { world, typed } = await typedScene(
      desk,
      { ...deskImplementation, greet },
      {
        server: {
          middleware: [
            (call, next) =>
              next(call).catch((error) => {
                seen.push(error);
                throw error;
              }),
          ],
        },
      },
    );
    const failed = await outcome(world.clock.run(typed.greet({ name: '', age: 1.5 })));
    const reason = failed.status === 'rejected' ? failed.reason : undefined;
    expect(reason).toBeInstanceOf(ValidationError);
    expect(reason).toMatchObject({ kind: 'invalid-input', side: 'input' });
    expect(reason.message).toContain('the input of desk.greet is not valid');
    expect(reason.issues).toEqual([expect.stringMatching(/^name: /), expect.stringMatching(/^age: /)]);
    expect(seen).toEqual([expect.any(ValidationError)]);
    expect((seen[0] as ValidationError).issues).toEqual(reason.issues);
    expect(ran).toBe(false);
  });

  test('of an output is a ValidationError at the client', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const failed = await outcome(world.clock.run(typed.greet({ name: 'a very long name indeed', age: 1 })));
    expect(failed).toMatchObject({ reason: { kind: 'invalid-output', side: 'output' } });
    expect(failed.status === 'rejected' && failed.reason).toBeInstanceOf(ValidationError);
  });

  test('to encode an input rejects, and harms no other call', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const failed = await outcome(typed.later({ value: Symbol('x') as unknown as string }));
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('symbol') } });
    expect((await outcome(typed.bytes(new Uint8Array(40_000)))).status === 'rejected').toBe(true);
    expect(await outcome(typed.bytes(new Uint8Array(40_000)))).toMatchObject({ reason: expect.any(PayloadTooLarge) });
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(3);
  });

  test('to read an input is a malformed request', async () => {
    const { world, client } = await handlerScene(implement(desk, deskImplementation));
    for (const payload of [Uint8Array.of(0xc1, 1), Uint8Array.of(0xda, 0xff, 0xff), Uint8Array.of(1, 2)]) {
      const failed = await outcome(world.clock.run(client.call(idOf('add'), payload)));
      expect(failed).toMatchObject({ reason: { kind: 'malformed-request' } });
    }
  });

  test('to read an output is a MalformedFrame', async () => {
    const handler = implement(desk, deskImplementation);
    const { world, client } = await handlerScene({
      handle: (id, payload, context) => (id === 0 ? handler.handle(id, payload, context) : Uint8Array.of(0xda, 9, 9)),
    });
    const typed = await world.clock.run(connect(desk, client));
    const failed = await outcome(world.clock.run(typed.add({ a: 1, b: 2 })));
    expect(failed).toMatchObject({ reason: { code: 'MalformedFrame', mayHaveExecuted: true } });
  });

  test('is any request that fits no method, and none brings the server down', async () => {
    const { world, client } = await handlerScene(implement(desk, deskImplementation));
    const id = fc.oneof(
      fc.nat({ max: 12 }),
      fc.nat({ max: 12 }).map((each) => each + metadataBit),
      fc.nat(),
    );
    await fc.assert(
      fc.asyncProperty(id, fc.uint8Array({ maxLength: 60 }), async (methodId, payload) => {
        const settled = await outcome(world.clock.run(client.call(methodId, payload)));
        if (settled.status === 'rejected') expect(settled.reason).toBeInstanceOf(RemoteError);
      }),
      { numRuns: 300 },
    );
    const sum = await world.clock.run(client.call(idOf('add'), encode({ a: 1, b: 2 })));
    expect(sum).toEqual(Uint8Array.of(3));
  });
});

describe('metadata', () => {
  test('arrives as it was sent, beside the input', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation);
    const metadata = { user: 'ada', token: Buffer.from('abc'), 'x-empty': '' };
    const sent = { user: 'ada', token: 'abc', 'x-empty': '' };
    expect(await world.clock.run(typed.metadata(undefined, { metadata }))).toEqual(sent);
    expect(await world.clock.run(typed.metadata(undefined, { metadata: {} }))).toEqual({});
    expect(await world.clock.run(typed.metadata())).toEqual({});
  });

  test('takes no byte where there is none', async () => {
    const seen: [number, number][] = [];
    const handler = implement(desk, deskImplementation);
    const { world, client } = await handlerScene({
      handle: (id, payload, context) => {
        seen.push([id, payload.length]);
        return handler.handle(id, payload, context);
      },
    });
    const typed = await world.clock.run(connect(desk, client));
    await world.clock.run(typed.nothing());
    await world.clock.run(typed.nothing(undefined, { metadata: { a: 'b' } }));
    expect(seen.slice(1)).toEqual([
      [idOf('nothing'), 0],
      [idOf('nothing') + metadataBit, expect.any(Number)],
    ]);
  });

  test('out of its bounds is refused before anything is sent, and by the server', async () => {
    const { world, typed, client } = await typedScene(desk, deskImplementation);
    const many = Object.fromEntries(Array.from({ length: metadataEntriesMax + 1 }, (_, index) => [`k${index}`, '']));
    for (const metadata of [many, { k: 'x'.repeat(8192) }, { ['k'.repeat(129)]: '' }, { k: 1 as unknown as string }]) {
      expect(await outcome(typed.metadata(undefined, { metadata }))).toMatchObject({ reason: expect.any(RangeError) });
      const call = client.call(idOf('metadata') + metadataBit, encode([metadata, undefined]));
      expect(await outcome(world.clock.run(call))).toMatchObject({ reason: { kind: 'malformed-request' } });
    }
  });
});

describe('connecting', () => {
  const here = { add: unary<number, number>({ idempotent: true }), list: serverStreaming<void, number>() };
  const serve = (methods: object, version?: string) =>
    handlerScene({
      handle: (id, payload, context) => {
        const service = defineService({ name: 'calc', methods: { ...methods }, ...(version ? { version } : {}) });
        const stubs = Object.fromEntries(Object.keys(methods).map((name) => [name, () => 1]));
        return implement(service, stubs as never).handle(id, payload, context);
      },
    });

  async function mismatch(methods: object, version?: string): Promise<ServiceMismatch> {
    const { world, client } = await serve(methods, version);
    const settled = await outcome(world.clock.run(connect(defineService({ name: 'calc', methods: here }), client)));
    expect(settled.status === 'rejected' && settled.reason).toBeInstanceOf(ServiceMismatch);
    return settled.status === 'rejected' ? settled.reason : (undefined as never);
  }

  test('succeeds whatever the order of methods, and however many more there are', async () => {
    const { world, client } = await serve({ extra: unary(), list: here.list, add: here.add });
    const typed = await world.clock.run(connect(defineService({ name: 'calc', methods: here }), client));
    expect(await world.clock.run(typed.add(4))).toBe(1);
  });

  test('names the method that is missing', async () => {
    const error = await mismatch({ add: here.add });
    expect(error).toMatchObject({ code: 'Unsupported', differences: ['method list is missing there'] });
    expect(error.message).toContain('calc');
  });

  test('names what differs, and how', async () => {
    const error = await mismatch({ add: unary<number, number>({ version: '2' }), list: unary() }, '3');
    expect(error.differences).toEqual([
      'service: version is "" here, "3" there',
      'method add: idempotent is true here, false there',
      'method add: version is "" here, "2" there',
      'method list: kind is "server-streaming" here, "unary" there',
    ]);
  });

  test('names the other service that is served', async () => {
    const { world, client } = await handlerScene(implement(desk, deskImplementation));
    const settled = await outcome(world.clock.run(connect(defineService({ name: 'calc', methods: here }), client)));
    expect(settled).toMatchObject({ reason: { differences: ['this serves desk, not calc'] } });
  });

  test.each<[string, (payload: Uint8Array) => Uint8Array]>([
    ['echoes', (payload) => payload],
    ['knows no method 0', () => Promise.reject(RemoteError.unknownMethod(0)) as never],
    ['says nothing', () => new Uint8Array(0)],
    ['says something else', () => encode({ hello: 1, service: 'calc', methods: 3 })],
    ['speaks another version', () => encode({ hello: 2 })],
  ])('fails clearly where the server %s', async (_what, answer) => {
    const { world, client } = await handlerScene({ handle: (_id, payload) => answer(payload) });
    const settled = await outcome(world.clock.run(connect(desk, client)));
    expect(settled).toMatchObject({ reason: { name: 'ServiceMismatch', code: 'Unsupported' } });
  });

  test('says which codec each side has', async () => {
    const handler = implement({ ...desk, description: { ...desk.description, codec: 'json' } }, deskImplementation);
    const { world, client } = await handlerScene(handler);
    const settled = await outcome(world.clock.run(connect(desk, client)));
    const differences = ['service: codec is "msgpackr-records-1" here, "json" there'];
    expect(settled).toMatchObject({ reason: { differences } });
  });

  test('asks a server to implement everything', () => {
    const { add: _add, ...rest } = deskImplementation;
    expect(() => implement(desk, rest as typeof deskImplementation)).toThrow(TypeError);
  });
});
