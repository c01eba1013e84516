// Calls whose way to the home is lost and found again: which are made again, which fail, and that none is made twice
// that may run only once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, type FarServedScene, farServedScene, losses, open, shut } from '../far-world.test.support.ts';
import { reconnectMsMax } from '../limits.ts';
import { outcome, type SceneOptions, serving } from '../world.test.support.ts';
import { RpcClient } from './client.ts';
import type { CallOptions, RpcClientOptions } from './client-options.ts';
import type { RpcHandler } from './rpc-handler.ts';

const nothing = new Uint8Array(0);
const bytes = (...values: number[]) => Uint8Array.from(values);
const soonMs: number = 2 * reconnectMsMax;
/** One way between the machines, where a test says so. */
const wayMs = 10;

const answered = (...values: number[]) => ({ status: 'fulfilled', value: bytes(...values) });
const failed = (code: string, mayHaveExecuted: boolean) => {
  return { status: 'rejected', reason: { code, mayHaveExecuted } };
};
const brokenOff = failed('Disconnected', true);

interface LaneScene extends FarServedScene {
  readonly client: RpcClient;
  /** The methods that the server has run, in order. */
  readonly executed: number[];
}

/** A client on another machine, and a server that answers with the method and the payload. */
async function laneScene(
  options: SceneOptions & RpcClientOptions = {},
  handle: RpcHandler['handle'] = (methodId, payload) => bytes(methodId, ...payload),
): Promise<LaneScene> {
  const scene = await farServedScene(options);
  const executed: number[] = [];
  serving(scene.server, (methodId, payload, context) => {
    executed.push(methodId);
    return handle(methodId, payload, context);
  });
  const client = new RpcClient(scene.held, { wait: 'event', ...options });
  scene.world.fabric.delayMs = () => wayMs;
  return { ...scene, client, executed };
}

async function restore(scene: LaneScene): Promise<void> {
  open(scene);
  await scene.world.clock.advance(soonMs);
  expect(scene.held.interrupted).toBe(false);
}

describe.each(Object.entries(losses))('a call that is under way when %s', (_name, lose) => {
  // On the way there, and on the way back.
  describe.each([wayMs / 2, 1.5 * wayMs])('for %d ms', (ms) => {
    test('fails, and may have been executed', async () => {
      const scene = await laneScene();
      const call = outcome(scene.client.call(1, nothing));
      await scene.world.clock.advance(ms);
      lose(scene);
      expect(await scene.world.clock.run(call)).toMatchObject(brokenOff);
      await scene.world.clock.advance(soonMs);
      expect(scene.executed.length).toBeLessThanOrEqual(1);
      expect(await scene.world.clock.run(scene.client.call(2, bytes(3)))).toEqual(bytes(2, 3));
    });

    test('is made again if it is idempotent, as it was when it was called', async () => {
      const scene = await laneScene();
      const payload = Buffer.from([7, 8]);
      const call = outcome(scene.client.call(1, payload, { idempotent: true }));
      payload.fill(0);
      await scene.world.clock.advance(ms);
      lose(scene);
      expect(await scene.world.clock.run(call)).toEqual(answered(1, 7, 8));
      expect(scene.executed.length).toBeGreaterThan(0);
    });
  });
});

describe('the order of calls', () => {
  test('is kept: what is made again goes first, then what waited, then what was called meanwhile', async () => {
    const scene = await laneScene();
    const { client, world, executed } = scene;
    const first = outcome(client.call(1, nothing, { idempotent: true }));
    const waiting = [2, 3].map((methodId) => outcome(client.call(methodId, nothing)));
    await world.clock.advance(wayMs / 2);
    await cut(scene);
    const later = [4, 5].map((methodId) => outcome(client.call(methodId, nothing)));
    await restore(scene);
    const settled = await Promise.all([first, ...waiting, ...later]);
    expect(settled).toEqual([1, 2, 3, 4, 5].map((methodId) => answered(methodId)));
    expect(executed).toEqual([1, 2, 3, 4, 5]);
  });

  test('is kept where the call under way fails', async () => {
    const scene = await laneScene();
    const calls = [1, 2, 3].map((methodId) => outcome(scene.client.call(methodId, nothing)));
    await scene.world.clock.advance(1.5 * wayMs);
    await cut(scene);
    await restore(scene);
    expect(await Promise.all(calls)).toMatchObject([brokenOff, answered(2), answered(3)]);
    expect(scene.executed).toEqual([1, 2, 3]);
  });

  test('is kept through one interruption after the other', async () => {
    const scene = await laneScene();
    const calls = [1, 2, 3].map((methodId) => outcome(scene.client.call(methodId, nothing, { idempotent: true })));
    for (let round = 0; round < 3; round++) {
      await scene.world.clock.advance(wayMs / 2);
      await cut(scene);
      await restore(scene);
    }
    expect(await Promise.all(calls)).toEqual([answered(1), answered(2), answered(3)]);
  });
});

describe('a call that is made during an interruption', () => {
  test('waits, with its payload as it was', async () => {
    const scene = await laneScene();
    await cut(scene);
    const payload = Buffer.from([7]);
    const call = outcome(scene.client.call(1, payload));
    payload.fill(0);
    await scene.world.clock.advance(10_000);
    expect(scene.executed).toEqual([]);
    await restore(scene);
    expect(await call).toEqual(answered(1, 7));
  });

  test('keeps the process alive until it is settled', async () => {
    const scene = await laneScene();
    const { card } = scene.holder;
    await cut(scene);
    expect(card.keepsAlive).toBe(false);
    const call = outcome(scene.client.call(1, nothing, { deadlineMs: 30_000 }));
    expect(card.keepsAlive).toBe(true);
    await scene.world.clock.advance(30_000);
    expect(await call).toMatchObject(failed('DeadlineExceeded', false));
    expect(card.keepsAlive).toBe(false);
    const another = outcome(scene.client.call(2, nothing));
    await restore(scene);
    expect(await another).toEqual(answered(2));
    expect(card.keepsAlive).toBe(false);
  });

  test('fails at once if it blocks, and was not executed', async () => {
    for (const options of [{}, { idempotent: true }]) {
      const scene = await laneScene();
      const waiting = outcome(scene.client.call(1, nothing, { idempotent: true }));
      await cut(scene);
      expect(caught(() => scene.client.callSync(2, nothing, options))).toMatchObject({
        code: 'Disconnected',
        mayHaveExecuted: false,
      });
      await restore(scene);
      expect(await waiting).toEqual(answered(1));
      expect(scene.executed).toEqual([1]);
      expect(scene.client.callSync(3, nothing)).toEqual(bytes(3));
    }
  });
});

/** What a function throws. */
function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return expect.unreachable();
}

describe('a deadline', () => {
  test('of a call that waits says that it was not executed, and it never is', async () => {
    const scene = await laneScene();
    await cut(scene);
    const call = outcome(scene.client.call(1, nothing, { deadlineMs: 100 }));
    await scene.world.clock.advance(100);
    expect(await call).toMatchObject(failed('DeadlineExceeded', false));
    await restore(scene);
    expect(scene.executed).toEqual([]);
  });

  test('of a call that is to be made again says that it may have been executed, and it is not made again', async () => {
    const scene = await laneScene();
    const call = outcome(scene.client.call(1, nothing, { deadlineMs: 1000, idempotent: true }));
    await scene.world.clock.advance(wayMs / 2);
    await cut(scene);
    await scene.world.clock.advance(1000);
    expect(await call).toMatchObject(failed('DeadlineExceeded', true));
    await restore(scene);
    expect(scene.executed).toEqual([]);
    expect(scene.holder.card.keepsAlive).toBe(false);
  });

  test('counts from the call, however often it is made', async () => {
    const scene = await laneScene();
    const call = outcome(scene.client.call(1, nothing, { deadlineMs: 1000, idempotent: true }));
    const startMs = scene.world.clock.timeMs;
    let settledMs = 0;
    void call.then(() => {
      settledMs = scene.world.clock.timeMs;
    });
    scene.home.freeze();
    for (let round = 0; round < 3; round++) {
      await scene.world.clock.advance(200);
      scene.holder.transport.loseAll();
    }
    await scene.world.clock.advance(1000);
    expect([settledMs - startMs, await call]).toMatchObject([1000, failed('DeadlineExceeded', true)]);
  });

  test('that has passed before the interruption leaves the slot to others after it', async () => {
    const scene = await laneScene({}, (methodId) => (methodId === 1 ? new Promise(() => undefined) : bytes(methodId)));
    const call = outcome(scene.client.call(1, nothing, { deadlineMs: 50 }));
    const waiting = outcome(scene.client.call(2, nothing, { deadlineMs: 20_000 }));
    await scene.world.clock.advance(100);
    expect(await call).toMatchObject(failed('DeadlineExceeded', true));
    expect(scene.executed).toEqual([1]);
    await cut(scene);
    await restore(scene);
    expect(await waiting).toEqual(answered(2));
  });

  test('of one that blocked, likewise', async () => {
    const scene = await laneScene({}, (methodId) => (methodId === 1 ? new Promise(() => undefined) : bytes(methodId)));
    const error = caught(() => scene.client.callSync(1, nothing, { deadlineMs: 50 }));
    expect(error).toMatchObject({ code: 'DeadlineExceeded', mayHaveExecuted: true });
    const waiting = outcome(scene.client.call(2, nothing));
    await cut(scene);
    await restore(scene);
    expect(await waiting).toEqual(answered(2));
  });
});

describe('a call that blocks', () => {
  test.each(['busy', 'adaptive', 'event'] as const)('when its session is lost fails (%s)', async (wait) => {
    for (const idempotent of [false, true]) {
      const scene = await laneScene({ readMs: 2 ** -4, wait });
      const { world, client, home } = scene;
      home.freeze();
      world.clock.after(25, () => {
        world.fabric.loses = () => true;
      });
      const startMs = world.clock.timeMs;
      const error = caught(() => client.callSync(1, nothing, { idempotent }));
      expect(error).toMatchObject({ code: 'Disconnected', mayHaveExecuted: true });
      // As long as a card goes on trying, and until a thread that blocks asks for it.
      expect(world.clock.timeMs - startMs).toBeLessThan(1000);
      expect(scene.held).toMatchObject({ status: 'active', interrupted: true });
      home.thaw();
      await restore(scene);
      expect(client.callSync(2, nothing)).toEqual(bytes(2));
    }
  });

  test('says that it may have been executed, and whoever waits for it that it was not', async () => {
    for (const waits of [false, true]) {
      const scene = await laneScene();
      const first = waits ? outcome(scene.client.call(1, nothing)) : undefined;
      scene.home.freeze();
      scene.world.clock.after(20, () => scene.holder.card.breakAll());
      const error = caught(() => scene.client.callSync(2, nothing));
      expect(error).toMatchObject({ code: 'Disconnected', mayHaveExecuted: !waits });
      if (first !== undefined) expect(await scene.world.clock.run(first)).toMatchObject(brokenOff);
    }
  });
});

describe('a response of the session that was lost', () => {
  test('is not taken for one of the new session, even if its handler answers only then', async () => {
    const answers: ((answer: Uint8Array) => void)[] = [];
    const scene = await laneScene({}, () => new Promise((resolve) => answers.push(resolve)));
    const call = outcome(scene.client.call(1, nothing, { idempotent: true }));
    await scene.world.clock.advance(2 * wayMs);
    await cut(scene);
    await restore(scene);
    expect(answers).toHaveLength(2);
    answers[0]?.(bytes(10));
    await scene.world.clock.advance(10 * wayMs);
    answers[1]?.(bytes(20));
    expect(await scene.world.clock.run(call)).toEqual(answered(20));
  });

  test('is not taken, if it was under way as the session was lost and the home did not notice', async () => {
    const scene = await laneScene({}, (methodId) => bytes(methodId, executions++));
    let executions = 0;
    const call = outcome(scene.client.call(1, nothing, { idempotent: true }));
    await scene.world.clock.advance(1.5 * wayMs);
    scene.holder.transport.loseAll();
    expect(await scene.world.clock.run(call)).toEqual(answered(1, 1));
    expect(scene.executed).toEqual([1, 1]);
  });
});

describe('the end of the lease during an interruption', () => {
  test.each([
    ['expired', 'LeaseExpired'],
    ['revoked', 'Revoked'],
    ['released', 'Revoked'],
    ['fenced', 'Fenced'],
    ['disconnected', 'Disconnected'],
  ] as const)('as %s is that of all calls that wait, each with its own fate', async (status, code) => {
    const scene = await laneScene();
    const posted = outcome(scene.client.call(1, nothing, { idempotent: true }));
    const waiting = outcome(scene.client.call(2, nothing));
    await scene.world.clock.advance(wayMs / 2);
    await cut(scene);
    const later = outcome(scene.client.call(3, nothing));
    scene.held.end(status);
    expect(await Promise.all([posted, waiting, later])).toMatchObject([
      failed(code, true),
      failed(code, false),
      failed(code, false),
    ]);
    expect(scene.holder.card.keepsAlive).toBe(false);
    await expect(scene.client.call(4, nothing)).rejects.toMatchObject({ code, mayHaveExecuted: false });
  });

  test('by its own time, too', async () => {
    const scene = await laneScene({ leaseMs: 5000 });
    await cut(scene);
    const call = outcome(scene.client.call(1, nothing));
    await scene.world.clock.advance(5000);
    expect(await call).toMatchObject(failed('LeaseExpired', false));
    await scene.world.clock.advance(soonMs);
    expect(scene.world.clock.pending).toBe(0);
  });

  test('with nobody waiting hurts nobody', async () => {
    for (const abandoned of [false, true]) {
      const scene = await laneScene({}, () => new Promise(() => undefined));
      if (abandoned) caught(() => scene.client.callSync(1, nothing, { deadlineMs: 50 }));
      await cut(scene);
      scene.held.end('expired');
      await scene.world.clock.settle();
      expect(scene.held.status).toBe('expired');
    }
  });
});

describe('a call that was abandoned, blocking', () => {
  test.each(['bytes', 'an error'])(
    'drops the late response that is %s, and is timed from when it was posted',
    async (what) => {
      const scene = await laneScene({}, async (methodId) => {
        if (what === 'an error') throw new Error('late');
        return bytes(methodId);
      });
      const { world, holder, home, client } = scene;
      await world.clock.advance(10_000);
      home.freeze();
      caught(() => client.callSync(1, nothing, { deadlineMs: 50 }));
      home.thaw();
      await world.clock.advance(1000);
      const { metrics } = holder.agent;
      expect([metrics.clientResponses, metrics.clientErrors]).toEqual(what === 'bytes' ? [1, 0] : [0, 1]);
      expect(metrics.callLatencyNs.sum).toBeLessThan(100e6);
    },
  );
});

describe('a blocking call that waits for the slot', () => {
  test.each(['busy', 'adaptive', 'event'] as const)(
    'fails where the way is lost as the answer before it comes, waiting %s',
    async (wait) => {
      const scene = await laneScene({ wait, readMs: 2 ** -7 });
      const { world, holder, client, executed } = scene;
      const before = outcome(client.call(1, nothing));
      // Of all that comes while it is stopped its process hears at once.
      world.clock.after(wayMs / 2, () => holder.freeze());
      world.clock.after(3 * wayMs, () => holder.card.breakAll());
      world.clock.after(4 * wayMs, () => holder.thaw());
      expect(caught(() => client.callSync(2, nothing))).toMatchObject({ code: 'Disconnected', mayHaveExecuted: false });
      expect(await before).toMatchObject(brokenOff);
      await restore(scene);
      expect(await world.clock.run(client.call(3, nothing))).toEqual(bytes(3));
      expect(executed).toEqual([1, 3]);
    },
  );
});

describe('whatever is lost, whenever', () => {
  const troubles: Readonly<Record<string, (scene: LaneScene, ms: number) => void>> = {
    ...losses,
    'no way leads to the home for a while': (scene, ms) => {
      shut(scene);
      scene.world.clock.after(ms, () => open(scene));
    },
    'the home is stopped for a while': ({ home, world }, ms) => {
      home.freeze();
      world.clock.after(ms, () => home.thaw());
    },
  };
  const trouble = fc.record({
    afterMs: fc.integer({ min: 0, max: 120 }),
    what: fc.constantFrom(...Object.keys(troubles)),
    ms: fc.integer({ min: 0, max: 300 }),
  });
  const call = fc.record({
    afterMs: fc.integer({ min: 0, max: 20 }),
    idempotent: fc.boolean(),
    blocks: fc.boolean(),
    deadlineMs: fc.option(fc.integer({ min: 1, max: 100 })),
  });
  const plan = fc.record({
    seed: fc.nat(),
    troubles: fc.array(trouble, { maxLength: 8 }),
    wait: fc.constantFrom('busy' as const, 'adaptive' as const, 'event' as const),
    calls: fc.array(call, { minLength: 1, maxLength: 40 }),
    lossy: fc.boolean(),
  });

  interface Fate {
    readonly idempotent: boolean;
    readonly settled: PromiseSettledResult<Uint8Array>;
  }

  function blocking(
    client: RpcClient,
    methodId: number,
    options: CallOptions,
  ): Promise<PromiseSettledResult<Uint8Array>> {
    return outcome(new Promise((resolve) => resolve(client.callSync(methodId, bytes(methodId), options))));
  }

  test('every answer is right, and no call runs twice that may not, nor one that is said not to have run', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, troubles: planned, calls, lossy, wait }) => {
        const scene = await laneScene({ seed, readMs: 2 ** -7, leaseMs: 600_000, wait }, (methodId, payload) => {
          const answer = bytes(...payload, methodId);
          if (methodId % 3 !== 0) return answer;
          return new Promise((resolve) => scene.home.clock.after(methodId % 7, () => resolve(answer)));
        });
        const { world, client, executed, home, holder } = scene;
        world.fabric.delayMs = () => world.random.unit() * 5;
        world.network.delayMs = () => world.random.unit() * 5;
        if (lossy) world.fabric.loses = () => world.random.unit() < 0.02;
        let troubleMs = 0;
        for (const { afterMs, what, ms } of planned) {
          troubleMs += afterMs;
          world.clock.after(troubleMs, () => troubles[what]?.(scene, ms));
        }
        const fates: Promise<Fate>[] = [];
        for (const [methodId, { afterMs, idempotent, blocks, deadlineMs }] of calls.entries()) {
          await world.clock.advance(afterMs);
          const options = { idempotent, ...(deadlineMs === null ? {} : { deadlineMs }) };
          const settled = blocks
            ? blocking(client, methodId, options)
            : outcome(client.call(methodId, bytes(methodId), options));
          fates.push(settled.then((each) => ({ idempotent, settled: each })));
        }
        await world.clock.advance(2000);
        open(scene);
        const ended = await world.clock.run(Promise.all(fates));
        for (const [methodId, { idempotent, settled }] of ended.entries()) {
          const runs = executed.filter((each) => each === methodId).length;
          if (!idempotent) expect(runs).toBeLessThanOrEqual(1);
          if (settled.status === 'fulfilled') {
            expect(settled.value).toEqual(bytes(methodId, methodId));
            expect(runs).toBeGreaterThan(0);
          } else {
            expect(['Disconnected', 'DeadlineExceeded']).toContain(settled.reason.code);
            if (!settled.reason.mayHaveExecuted) expect(runs).toBe(0);
            const waits = calls[methodId]?.blocks === false && settled.reason.code === 'Disconnected';
            if (waits) expect([idempotent, settled.reason.mayHaveExecuted]).toEqual([false, true]);
          }
        }
        await world.clock.advance(60_000);
        expect(await world.clock.run(client.call(77, bytes(1)))).toEqual(bytes(1, 77));
        expect([scene.held.interrupted, home.card.open, holder.card.open]).toEqual([false, 1, 1]);
        expect(holder.card.keepsAlive).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
