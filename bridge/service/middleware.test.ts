import { describe, expect, test } from 'vitest';
import { outcome } from '../world.test.support.ts';
import type { Middleware, ServiceCall } from './middleware.ts';
import { desk, deskImplementation, typedScene } from './typed-world.test.support.ts';

describe('middleware', () => {
  test('stands around calls in its order, the first outermost', async () => {
    const order: string[] = [];
    const named =
      (name: string): Middleware =>
      async (call, next) => {
        order.push(`${name} in`);
        const output = await next(call);
        order.push(`${name} out`);
        return output;
      };
    const { world, typed } = await typedScene(desk, deskImplementation, {
      middleware: [named('first'), named('second')],
      server: { middleware: [named('third')] },
    });
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(3);
    expect(order).toEqual(['first in', 'second in', 'third in', 'third out', 'second out', 'first out']);
  });

  test('sees what there is to know of a call', async () => {
    const seen: ServiceCall[] = [];
    const note: Middleware = (call, next) => {
      seen.push(call);
      return next(call);
    };
    const { world, typed } = await typedScene(desk, deskImplementation, {
      middleware: [note],
      server: { middleware: [note] },
    });
    const { signal } = new AbortController();
    await world.clock.run(typed.add({ a: 1, b: 2 }, { deadlineMs: 50, signal, metadata: { k: 'v' } }));
    const known = { service: 'desk', method: 'add', kind: 'unary', idempotent: true, input: { a: 1, b: 2 } };
    expect(seen[0]).toEqual({ ...known, side: 'client', metadata: { k: 'v' }, deadlineMs: 50, signal });
    expect(seen[1]).toMatchObject({ ...known, side: 'server', metadata: { k: 'v' }, signal: expect.any(AbortSignal) });
  });

  test('may add metadata, change the input, and change the output', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation, {
      middleware: [(call, next) => next({ ...call, metadata: { ...call.metadata, added: 'here' } })],
      server: {
        middleware: [
          (call, next) => next({ ...call, metadata: { ...call.metadata, more: 'there' } }),
          async (call, next) =>
            call.method === 'add' ? 10 * ((await next({ ...call, input: { a: 1, b: 1 } })) as number) : next(call),
        ],
      },
    });
    expect(await world.clock.run(typed.metadata())).toEqual({ added: 'here', more: 'there' });
    expect(await world.clock.run(typed.add({ a: 5, b: 5 }))).toBe(20);
  });

  test('may answer by itself, so that nothing runs', async () => {
    let ran = 0;
    const add = () => {
      ran += 1;
      return 0;
    };
    const { world, typed } = await typedScene(desk, { ...deskImplementation, add }, { middleware: [async () => 42] });
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(42);
    expect(ran).toBe(0);
  });

  test('may refuse, even by throwing at once, and may turn a failure into an output', async () => {
    const { world, typed } = await typedScene(desk, deskImplementation, {
      middleware: [(call, next) => next(call).catch((error: Error) => error.message)],
      server: {
        middleware: [
          (call, next) => {
            if (call.method === 'add') throw new Error('not for you');
            return next(call);
          },
        ],
      },
    });
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe('not for you');
    expect(await outcome(world.clock.run(typed.fail('oh')))).toMatchObject({ value: 'oh' });
  });
});
