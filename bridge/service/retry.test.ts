import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CapacityExceeded, Contention, DeadlineExceeded, Disconnected, LeaseExpired } from '../errors.ts';
import { cut, farServedScene, open } from '../far-world.test.support.ts';
import { RemoteError } from '../remote-error.ts';
import { RpcClient } from '../rpc/client.ts';
import { outcome, serving } from '../world.test.support.ts';
import type { ServiceTransport } from './client-method.ts';
import { connect } from './connect.ts';
import { implement } from './implement.ts';
import { checkRetryPolicy, type RetryPolicy } from './retry.ts';
import { desk, deskImplementation, handlerScene } from './typed-world.test.support.ts';

/** A client of the desk whose calls, once it is connected, fail so often before they are let through. */
async function failing(errors: readonly Error[], retry?: RetryPolicy, seed = 1) {
  const { world, client, held } = await handlerScene(implement(desk, deskImplementation), { seed });
  const attempts: { readonly atMs: number; readonly deadlineMs: number | undefined }[] = [];
  const left = [...errors];
  let connected = false;
  const transport: ServiceTransport = {
    lease: client.lease,
    call(methodId, payload, options) {
      if (!connected) return client.call(methodId, payload, options);
      const atMs = held.context.environment.clock.nowMs();
      attempts.push({ atMs, deadlineMs: options?.deadlineMs });
      const error = left.shift();
      return error === undefined ? client.call(methodId, payload, options) : Promise.reject(error);
    },
  };
  const typed = await world.clock.run(connect(desk, transport, retry === undefined ? {} : { retry }));
  connected = true;
  return { world, typed, attempts, held };
}

const passing = () => [new Disconnected('a'), new Contention('b'), new CapacityExceeded('c')];
const exact: RetryPolicy = { attempts: 10, backoffMs: 10, backoffMsMax: 35, jitter: 0 };

describe('a retry policy', () => {
  test('makes a call of an idempotent method again, with growing pauses, until it succeeds', async () => {
    const { world, typed, attempts } = await failing([...passing(), ...passing()], exact);
    expect(await world.clock.run(typed.add({ a: 1, b: 2 }))).toBe(3);
    const pauses = attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
    expect(pauses).toEqual([10, 20, 35, 35, 35, 35]);
  });

  test('never makes another method’s call again', async () => {
    const { typed, attempts } = await failing(passing(), exact);
    expect(await outcome(typed.later({ value: 'x' }))).toMatchObject({ reason: { code: 'Disconnected' } });
    expect(attempts).toHaveLength(1);
  });

  test('is needed: without one no call is made again', async () => {
    const { typed, attempts } = await failing(passing());
    expect(await outcome(typed.add({ a: 1, b: 2 }))).toMatchObject({ reason: { code: 'Disconnected' } });
    expect(attempts).toHaveLength(1);
  });

  test('bounds the attempts, and fails as the last did', async () => {
    const { world, typed, attempts } = await failing(passing(), { ...exact, attempts: 3 });
    expect(await outcome(world.clock.run(typed.add({ a: 1, b: 2 })))).toMatchObject({
      reason: { code: 'CapacityExceeded' },
    });
    expect(attempts).toHaveLength(3);
  });

  test.each([new DeadlineExceeded('late'), new LeaseExpired('over'), new RemoteError('handler'), new Error('unknown')])(
    'does not hope against %s',
    async (error) => {
      const { world, typed, attempts } = await failing([error], exact);
      expect(await outcome(world.clock.run(typed.add({ a: 1, b: 2 })))).toMatchObject({ reason: error });
      expect(attempts).toHaveLength(1);
    },
  );

  test('gives up on a lease that has ended', async () => {
    const { world, typed, attempts, held } = await failing([], exact);
    await world.clock.run(held.release());
    expect((await outcome(world.clock.run(typed.add({ a: 1, b: 2 })))).status).toBe('rejected');
    expect(attempts).toHaveLength(1);
  });

  test('stays within the call’s deadline', async () => {
    const { world, typed, attempts } = await failing([...passing(), ...passing()], exact);
    const settled = await outcome(world.clock.run(typed.add({ a: 1, b: 2 }, { deadlineMs: 50 })));
    expect(settled).toMatchObject({ reason: { code: 'CapacityExceeded' } });
    expect(attempts.map(({ deadlineMs }) => deadlineMs)).toEqual([50, 40, 20]);
  });

  test('ends when the call is given up between two attempts', async () => {
    const { world, typed, attempts } = await failing(passing(), exact);
    const controller = new AbortController();
    const call = outcome(world.clock.run(typed.add({ a: 1, b: 2 }, { signal: controller.signal })));
    controller.abort(new Error('enough'));
    expect(await call).toMatchObject({ reason: { message: 'enough' } });
    expect(attempts.length).toBeLessThan(3);
  });

  test('draws its jitter from the environment, and never pauses longer than without', async () => {
    const pausesOf = async (seed: number) => {
      const { world, typed, attempts } = await failing(passing(), { ...exact, jitter: 1 }, seed);
      await world.clock.run(typed.add({ a: 1, b: 2 }));
      return attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0));
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const pauses = await pausesOf(seed);
        for (const [index, pauseMs] of pauses.entries()) {
          expect(pauseMs).toBeGreaterThanOrEqual(0);
          expect(pauseMs).toBeLessThanOrEqual([10, 20, 35][index] as number);
        }
        expect(await pausesOf(seed)).toEqual(pauses);
      }),
      { numRuns: 20 },
    );
    expect(await pausesOf(1)).not.toEqual(await pausesOf(2));
  });

  test.each<RetryPolicy>([
    { attempts: 0 },
    { attempts: 101 },
    { attempts: 1.5 },
    { backoffMs: -1 },
    { backoffMs: Number.NaN },
    { backoffMs: 20, backoffMsMax: 10 },
    { backoffMsMax: Number.POSITIVE_INFINITY },
    { jitter: 1.1 },
  ])('cannot be %o', (policy) => {
    expect(() => checkRetryPolicy(policy)).toThrow(RangeError);
  });
});

describe('between machines', () => {
  test('an idempotent method’s call outlives a lost way, another method’s does not', async () => {
    const scene = await farServedScene();
    const { world } = scene;
    serving(scene.server, implement(desk, deskImplementation));
    const client = new RpcClient(scene.held, { wait: 'event' });
    const typed = await world.clock.run(connect(desk, client));
    world.fabric.delayMs = () => 10;
    const again = outcome(typed.add({ a: 1, b: 2 }));
    await world.clock.advance(5);
    await cut(scene);
    open(scene);
    expect(await world.clock.run(again)).toMatchObject({ value: 3 });
    const once = outcome(typed.later({ value: 'x' }));
    await world.clock.advance(5);
    await cut(scene);
    expect(await world.clock.run(once)).toMatchObject({ reason: { code: 'Disconnected', mayHaveExecuted: true } });
  });
});
