// Queues between two machines: what lies on the way, and what becomes of it where the way is lost and found again.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Disconnected, MalformedFrame } from '../errors.ts';
import { cut, losses, open } from '../far-world.test.support.ts';
import { outcome } from '../world.test.support.ts';
import { type HeldQueue, holdQueue, type QueueScene, queueScene, readRing } from './queue.test.support.ts';
import { ringGeometry } from './queue-layout.ts';

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

async function farQueue(): Promise<{ scene: QueueScene; there: HeldQueue; lose: (how: string) => void }> {
  const scene = await queueScene('far');
  const there = await holdQueue(scene);
  const lose = (how: string) => losses[how]?.({ ...scene, ...there, address: scene.address as never });
  return { scene, there, lose };
}

/** Sends numbers from one end to the other, all the while; resolves to what arrived. */
async function stream(scene: QueueScene, from: QueueScene['atHome'], to: QueueScene['atHome'], count: number) {
  const taken: unknown[] = [];
  const sending = (async () => {
    for (let i = 0; i < count; i++) await from.send(i);
    from.close();
  })();
  const taking = (async () => {
    for await (const value of to) taken.push(value);
  })();
  await scene.world.clock.run(Promise.all([sending, taking]));
  return taken;
}

describe.each(['home', 'holder'] as const)('far, the %s produces', (producing) => {
  test('messages take their time, and items keep their order', async () => {
    const { scene, there } = await farQueue();
    scene.world.fabric.delayMs = () => scene.world.random.unit() * 3;
    const [from, to] = producing === 'home' ? [scene.atHome, there.queue] : [there.queue, scene.atHome];
    expect(await stream(scene, from, to, 200)).toEqual(numbers(200));
  });

  test.each(Object.keys(losses))('%s, again and again: each item comes once, in order', async (how) => {
    const { scene, there, lose } = await farQueue();
    const { world } = scene;
    world.fabric.delayMs = () => world.random.unit();
    const [from, to] = producing === 'home' ? [scene.atHome, there.queue] : [there.queue, scene.atHome];
    for (let round = 1; round <= 4; round++) world.clock.after(round * 1500 + round * 7, () => lose(how));
    const taken: unknown[] = [];
    const sending = (async () => {
      for (let i = 0; i < 300; i++) {
        await from.send(i);
        await new Promise<void>((resolve) => world.clock.after(world.random.unit() * 50, resolve));
      }
      from.close();
    })();
    const taking = (async () => {
      for await (const value of to) taken.push(value);
    })();
    await world.clock.run(Promise.all([sending, taking]));
    expect(taken).toEqual(numbers(300));
    expect(there.held.context.metrics.leasesResumed).toBe(4);
  });

  test('while the way is lost there is neither room nor an item here, and whoever waits goes on afterwards', async () => {
    const { scene, there } = await farQueue();
    const [from, to] = producing === 'home' ? [scene.atHome, there.queue] : [there.queue, scene.atHome];
    from.push('before');
    await scene.world.clock.settle();
    await cut({ ...scene, ...there, address: scene.address as never });
    if (producing === 'home') expect(to.pop()).toBeUndefined();
    else expect(from.push('meanwhile')).toBe(false);
    const received = outcome(to.receive().then(() => to.receive()));
    const sent = outcome(from.send('behind'));
    await scene.world.clock.advance(500);
    open({ ...scene, ...there, address: scene.address as never });
    expect(await scene.world.clock.run(received)).toMatchObject({ value: 'behind' });
    expect(await sent).toMatchObject({ status: 'fulfilled' });
  });
});

test('what was on its way when it was lost is sent again, as it lies', async () => {
  const { scene, there } = await farQueue();
  there.queue.pushMany(numbers(3));
  await scene.world.clock.settle();
  expect(scene.atHome.pop()).toBe(0);
  await scene.world.clock.settle();
  // Lost on the way: the home has never seen these.
  scene.world.fabric.loses = () => true;
  there.queue.pushMany(numbers(4, 3));
  expect(readRing(scene.lease)).toMatchObject({ head: 1, tail: 3 });
  there.holder.transport.breakAll();
  await scene.world.clock.settle();
  scene.world.fabric.loses = () => false;
  await scene.world.clock.advance(5000);
  expect(readRing(scene.lease)).toMatchObject({ head: 1, tail: 7 });
  expect(scene.atHome.popMany(9)).toEqual(numbers(6, 1));
});

test('a close that was on its way is said again, behind the items before it', async () => {
  const { scene, there } = await farQueue();
  scene.world.fabric.loses = () => true;
  there.queue.pushMany(numbers(2));
  there.queue.close();
  there.holder.transport.breakAll();
  await scene.world.clock.settle();
  scene.world.fabric.loses = () => false;
  const all = (async () => {
    const taken = [];
    for await (const value of scene.atHome) taken.push(value);
    return taken;
  })();
  expect(await scene.world.clock.run(all)).toEqual([0, 1]);
});

test('a close before what was on its way is sent again is said behind that, too', async () => {
  const { scene, there } = await farQueue();
  scene.world.fabric.loses = () => true;
  there.queue.pushMany(numbers(2));
  there.held.onResumed(() => there.queue.close());
  there.holder.transport.breakAll();
  await scene.world.clock.settle();
  scene.world.fabric.loses = () => false;
  const all = (async () => {
    const taken = [];
    for await (const value of scene.atHome) taken.push(value);
    return taken;
  })();
  expect(await scene.world.clock.run(all)).toEqual([0, 1]);
});

test('an end that somebody else had meanwhile goes on no more', async () => {
  const { scene, there } = await farQueue();
  there.queue.push('mine');
  await scene.world.clock.settle();
  // The other gives as many as this has given, so that the indices alone would not tell.
  scene.world.fabric.loses = () => true;
  there.queue.push('lost');
  await cut({ ...scene, ...there, address: scene.address as never });
  const waiting = outcome(there.queue.room({ deadlineMs: 60_000 }).then(() => there.queue.send('late')));
  open({ ...scene, ...there, address: scene.address as never });
  const other = await holdQueue(scene);
  other.queue.push('another');
  await scene.world.clock.settle();
  other.holder.kill();
  await scene.world.clock.advance(20_000);
  expect(await scene.world.clock.run(waiting)).toMatchObject({ reason: expect.any(Disconnected) });
  expect(scene.atHome.popMany(9)).toEqual(['mine', 'another']);
});

test('an end that begins before the window shows the ring again does not begin where that stood', async () => {
  const { scene, there } = await farQueue();
  await cut({ ...scene, ...there, address: scene.address as never });
  open({ ...scene, ...there, address: scene.address as never });
  const other = await holdQueue(scene);
  other.queue.pushMany(['another', 'and']);
  await scene.world.clock.settle();
  expect(scene.atHome.popMany(9)).toEqual(['another', 'and']);
  other.holder.kill();
  // What the other has said is here, and where the ring stands is not.
  const words = new DataView(there.held.window.arena.buffer);
  const { holderDeedAt } = ringGeometry(8, 64);
  scene.world.fabric.delayMs = () => 1;
  while (words.getUint32(holderDeedAt, true) === 0) await scene.world.clock.advance(0.5);
  expect(words.getUint32(8, true)).toBe(0);
  const first = outcome(there.queue.send('mine'));
  await scene.world.clock.advance(30_000);
  expect(await first).toMatchObject({ reason: expect.any(Disconnected) });
  expect(scene.atHome.popMany(9)).toEqual([]);
});

test('whatever is pushed and popped, and however long it takes, the mirror shows no more than the home has', async () => {
  const steps = fc.array(fc.record({ push: fc.nat(9), pop: fc.nat(9), waitMs: fc.nat(4) }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 2 ** 31 }), fc.boolean(), async (all, seed, homeProduces) => {
      const scene = await queueScene('far', { seed });
      const { queue } = await holdQueue(scene);
      scene.world.fabric.delayMs = () => scene.world.random.unit() * 3;
      const [from, to] = homeProduces ? [scene.atHome, queue] : [queue, scene.atHome];
      const taken: unknown[] = [];
      let sent = 0;
      for (const { push, pop, waitMs } of all) {
        sent += from.pushMany(numbers(push, sent));
        taken.push(...to.popMany(pop));
        await scene.world.clock.advance(waitMs);
      }
      await scene.world.clock.advance(100);
      taken.push(...to.popMany(100));
      expect(taken).toEqual(numbers(sent));
    }),
    { numRuns: 60 },
  );
});

test('a hostile holder may tell what it likes: the home refuses it, and so does whoever comes next', async () => {
  const scene = await queueScene('far');
  const hostile = scene.world.process({ far: true });
  const held = await scene.world.clock.run(hostile.agent.attach(scene.lease.id, { slots: 1 }, scene.address));
  const { port } = held.claimClientSlots(1);
  for (let i = 0; i < 200; i++) port.catchUp(() => undefined);
  for (const offset of [12, 20, 40]) port.publishIndex(0, 0, offset, 0xdeadbeef);
  port.publishIndex(32, 8 * 64, 8, 77);
  await scene.world.clock.advance(1000);
  expect(() => scene.atHome.pop()).toThrow(MalformedFrame);
  await expect(scene.atHome.receive()).rejects.toBeInstanceOf(MalformedFrame);
  for (let i = 0; i < 200; i++) port.catchUp(() => undefined);
  hostile.kill();
  await scene.world.clock.advance(1000);
  expect(scene.lease.status).toBe('active');
  await expect(holdQueue(scene)).rejects.toBeInstanceOf(MalformedFrame);
  expect(scene.home.agent.metrics.malformedFrames).toBeGreaterThan(0);
});
