import { describe, expect, test, vi } from 'vitest';
import { encodeMessage } from '../control/codec.ts';
import {
  Contention,
  DeadlineExceeded,
  Disconnected,
  LeaseExpired,
  MalformedFrame,
  PayloadTooLarge,
  Revoked,
  Unsupported,
} from '../errors.ts';
import { RpcServer } from '../rpc/server.ts';
import { granted, heldScene, outcome, servedScene } from '../world.test.support.ts';
import { attachQueue, createQueue } from './open-queue.ts';
import { distances, holdQueue, type QueueScene, queueScene, readRing } from './queue.test.support.ts';
import { Queue } from './queue.ts';
import { RingProducer } from './ring-producer.ts';

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe.each(distances)('a queue, %s', (where) => {
  test('carries values from home to holder, in order, around the ring and again', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const { world, atHome } = scene;
    const taken: unknown[] = [];
    for (let i = 0; i < 50; i++) {
      expect(atHome.push(i)).toBe(true);
      await world.clock.settle();
      taken.push(queue.pop());
    }
    expect(taken).toEqual(numbers(50));
    expect(queue.pop()).toBeUndefined();
  });

  test('carries values from holder to home', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const values = [1, 'two', { three: [3n, null, true] }, Uint8Array.of(4), 5.5, ''];
    for (const value of values) expect(queue.push(value)).toBe(true);
    await scene.world.clock.settle();
    expect(scene.atHome.size).toBe(6);
    const taken = values.map(() => scene.atHome.pop());
    taken[3] = Uint8Array.from(taken[3] as Uint8Array);
    expect(taken).toEqual(values);
  });

  test('is full one item before the ring is, and has room again when one is taken', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    for (const i of numbers(7)) expect(queue.push(i)).toBe(true);
    expect(queue.push(7)).toBe(false);
    await scene.world.clock.settle();
    expect(scene.atHome.pop()).toBe(0);
    await scene.world.clock.settle();
    expect(queue.push(7)).toBe(true);
    expect(queue.push(8)).toBe(false);
  });

  test('gives what it was told to, whatever is sent while it looks for room', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const look = RingProducer.prototype.place;
    const place = vi.spyOn(RingProducer.prototype, 'place').mockImplementation(function (this: RingProducer) {
      encodeMessage({ type: 'hello', version: 4, agent: new Uint8Array(8) });
      return look.call(this);
    });
    try {
      expect(queue.push('one')).toBe(true);
      expect(queue.pushMany(['two', 'three'])).toBe(2);
      await queue.send('four');
    } finally {
      place.mockRestore();
    }
    await scene.world.clock.settle();
    expect(scene.atHome.popMany(8)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('carries batches, across the wrap too', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    let sent = 0;
    const taken: unknown[] = [];
    for (let round = 0; round < 20; round++) {
      sent += scene.atHome.pushMany(numbers(1 + (round % 7), sent));
      await scene.world.clock.settle();
      taken.push(...queue.popMany(100));
      await scene.world.clock.settle();
    }
    expect(taken).toEqual(numbers(sent));
    expect(sent).toBeGreaterThan(60);
    expect(scene.atHome.pushMany(numbers(100))).toBe(7);
  });

  test('lends bytes in place, to write and to read', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    for (let round = 0; round < 20; round++) {
      const room = queue.reserve();
      expect(room).toHaveLength(60);
      room?.fill(round, 0, round);
      queue.commit(round);
      await scene.world.clock.settle();
      expect(scene.atHome.peek()).toEqual(new Uint8Array(round).fill(round));
      expect(scene.atHome.peek()).toHaveLength(round);
      scene.atHome.release();
      expect(scene.atHome.peek()).toBeUndefined();
      await scene.world.clock.settle();
    }
  });

  test.each(['home', 'holder'])('wakes a consumer that sleeps, when the %s produces', async (producing) => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    scene.world.machine.wakeMs = () => 1;
    const [producer, consumer] = producing === 'home' ? [scene.atHome, queue] : [queue, scene.atHome];
    const received = outcome(consumer.receive());
    await scene.world.clock.advance(100);
    producer.push('now');
    expect(await scene.world.clock.run(received)).toMatchObject({ value: 'now' });
  });

  test.each(['home', 'holder'])('has a producer wait for room, when the %s consumes', async (consuming) => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const [consumer, producer] = consuming === 'home' ? [scene.atHome, queue] : [queue, scene.atHome];
    const sent = numbers(30).map((i) => producer.send(i));
    const taken: unknown[] = [];
    const iterating = (async () => {
      for await (const value of consumer) taken.push(value);
    })();
    await scene.world.clock.run(Promise.all(sent));
    producer.close();
    await scene.world.clock.run(iterating);
    expect(taken).toEqual(numbers(30));
    await expect(producer.send(1)).rejects.toBeInstanceOf(Unsupported);
  });

  test.each([0, 1, 7])('ends the iteration after the last of %i items when the producer closes', async (count) => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    for (const i of numbers(count)) queue.push(i);
    queue.close();
    queue.close();
    const all = (async () => {
      const values = [];
      for await (const value of scene.atHome) values.push(value);
      return values;
    })();
    expect(await scene.world.clock.run(all)).toEqual(numbers(count));
    expect(await scene.world.clock.run(scene.atHome.ready())).toBe(false);
  });

  test('tells the producer when all is taken, and when that is seen to be all', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    queue.pushMany(numbers(3));
    let isDrained = 0;
    const drained = () => queue.drained().then(() => (isDrained += 1));
    const first = drained();
    await scene.world.clock.advance(10);
    expect([scene.atHome.popMany(2), isDrained]).toEqual([[0, 1], 0]);
    await scene.world.clock.advance(10);
    expect([scene.atHome.pop(), isDrained]).toEqual([2, 0]);
    await scene.world.clock.run(first);
    queue.close();
    const last = drained();
    await scene.world.clock.advance(10);
    expect(isDrained).toBe(1);
    expect(await scene.world.clock.run(scene.atHome.receive())).toBeUndefined();
    await scene.world.clock.run(last);
  });

  test('ends a wait by signal, and by deadline, and the next in line goes on', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const stop = new AbortController();
    const aborted = outcome(queue.receive({ signal: stop.signal }));
    const late = outcome(queue.receive({ deadlineMs: 50 }));
    const patient = outcome(queue.receive());
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ reason: { message: 'enough' } });
    await scene.world.clock.advance(60);
    expect(await late).toMatchObject({ reason: expect.any(DeadlineExceeded) });
    scene.atHome.push('for the patient');
    expect(await scene.world.clock.run(patient)).toMatchObject({ value: 'for the patient' });
    await expect(queue.receive({ signal: stop.signal })).rejects.toThrow('enough');
    await expect(queue.receive({ deadlineMs: 0 })).rejects.toBeInstanceOf(RangeError);
  });

  test('a holder that dies leaves what it did not take to the next, and nothing twice', async () => {
    const scene = await queueScene(where);
    const first = await holdQueue(scene);
    scene.atHome.pushMany(numbers(7));
    await scene.world.clock.settle();
    expect(first.queue.popMany(3)).toEqual([0, 1, 2]);
    expect(first.queue.peek()).toBeDefined();
    await scene.world.clock.settle();
    first.holder.kill();
    await scene.world.clock.advance(1000);
    expect(scene.atHome.pushMany(numbers(2, 7))).toBe(2);
    const second = await holdQueue(scene);
    expect(second.queue.popMany(100)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test('a successor that sleeps is woken, although the one before it died asleep', async () => {
    const scene = await queueScene(where);
    for (let round = 0; round < 4; round++) {
      const { holder, queue } = await holdQueue(scene);
      const received = outcome(queue.receive());
      await scene.world.clock.advance(10);
      scene.atHome.push(round);
      expect(await scene.world.clock.run(received, 1000)).toMatchObject({ value: round });
      void outcome(queue.receive());
      await scene.world.clock.advance(10);
      holder.kill();
      await scene.world.clock.advance(1000);
      // To nobody: whoever comes next finds it.
      scene.atHome.push('between');
      const next = await holdQueue(scene);
      expect(next.queue.pop()).toBe('between');
      await scene.world.clock.settle();
      const asleep = outcome(next.queue.receive());
      await scene.world.clock.advance(10);
      scene.atHome.push('woken');
      expect(await scene.world.clock.run(asleep, 1000)).toMatchObject({ value: 'woken' });
      await scene.world.clock.settle();
      await scene.world.clock.run(next.held.release());
    }
  });

  test('whatever the sleep was in which the one before it died, each of a successor’s own is ended', async () => {
    const scene = await queueScene(where);
    const sleepAndWake = async (queue: QueueScene['atHome'], value: string) => {
      const received = outcome(queue.receive());
      await scene.world.clock.advance(5);
      scene.atHome.push(value);
      expect(await scene.world.clock.run(received, 1000)).toMatchObject({ value });
      await scene.world.clock.settle();
    };
    for (let sleeps = 0; sleeps < 5; sleeps++) {
      const first = await holdQueue(scene);
      for (let i = 0; i < sleeps; i++) await sleepAndWake(first.queue, `first, ${i}`);
      void outcome(first.queue.receive());
      await scene.world.clock.advance(5);
      first.holder.kill();
      await scene.world.clock.advance(1000);
      const second = await holdQueue(scene);
      // Rung for the sleep of the dead, if that is what the word says.
      scene.atHome.push('early');
      await scene.world.clock.settle();
      expect(second.queue.pop()).toBe('early');
      for (let i = 0; i < 3; i++) await sleepAndWake(second.queue, `second, ${i}`);
      await scene.world.clock.run(second.held.release());
    }
  });

  test('a producing holder that dies leaves what it gave, and the next goes on behind that', async () => {
    const scene = await queueScene(where);
    for (let round = 0; round < 10; round++) {
      const { holder, queue } = await holdQueue(scene);
      expect(queue.pushMany([2 * round, 2 * round + 1])).toBe(2);
      queue.reserve()?.fill(0xff);
      await scene.world.clock.settle();
      holder.kill();
      await scene.world.clock.advance(1000);
      expect(scene.atHome.popMany(100)).toEqual([2 * round, 2 * round + 1]);
    }
  });

  test('the end of the lease ends whoever waits, and whatever comes after', async () => {
    const scene = await queueScene(where, { leaseMs: 1000 });
    const { queue } = await holdQueue(scene);
    const received = outcome(queue.receive());
    const atHome = outcome(scene.atHome.room());
    await scene.world.clock.advance(2000);
    expect(await received).toMatchObject({ reason: expect.any(LeaseExpired) });
    expect(await atHome).toMatchObject({ status: 'fulfilled' });
    expect(() => queue.pop()).toThrow(LeaseExpired);
    expect(() => scene.atHome.push(1)).toThrow(LeaseExpired);
    await expect(queue.receive()).rejects.toBeInstanceOf(LeaseExpired);
  });

  test('a home that dies ends the holder’s iteration with Disconnected', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    const received = outcome(queue.receive());
    await scene.world.clock.settle();
    scene.home.kill();
    await scene.world.clock.advance(60_000);
    expect(await received).toMatchObject({ reason: expect.any(where === 'near' ? Disconnected : Error) });
  });

  test('has one producer and one consumer', async () => {
    const scene = await queueScene(where);
    const { queue } = await holdQueue(scene);
    expect(queue.push(1)).toBe(true);
    await scene.world.clock.settle();
    expect(() => scene.atHome.push(2)).toThrow(Contention);
    expect(() => queue.pop()).toThrow(Contention);
    expect(scene.atHome.pop()).toBe(1);
    expect(() => scene.atHome.push(2)).toThrow(Contention);
  });
});

test('a holder that may not do a thing leaves its predecessor’s word', async () => {
  const scene = await queueScene('near');
  const first = await holdQueue(scene);
  first.queue.push(1);
  first.queue.close();
  await scene.world.clock.run(first.held.release());
  await scene.world.clock.settle();
  expect(scene.atHome.pop()).toBe(1);
  const second = await holdQueue(scene);
  expect(() => second.queue.pop()).toThrow(Contention);
  expect(await scene.world.clock.run(scene.atHome.receive())).toBeUndefined();
  // It may produce, though: then the queue is open again.
  expect(second.queue.push(2)).toBe(true);
  expect(await scene.world.clock.run(scene.atHome.receive())).toBe(2);
});

describe('a queue', () => {
  test('stands in the lease byte for byte', async () => {
    const { atHome, lease } = await queueScene('near', { capacity: 3, stride: 12 });
    atHome.push('ab');
    atHome.reserve()?.set([9, 8, 7]);
    atHome.commit(3);
    expect([...lease.window.arena.subarray(0, 32)]).toEqual(
      [0, 2, 3, 12].flatMap((number) => [number, 0, 0, 0, 0, 0, 0, 0]),
    );
    expect([...lease.window.arena.subarray(32, 47)]).toEqual([3, 0, 0, 0, 0xa2, 0x61, 0x62, 0, 0, 0, 0, 0, 3, 0, 0]);
    // Behind the ring, rounded up to 8: the home produces, and nobody else does anything.
    expect([...lease.window.arena.subarray(68, 92)].filter((byte) => byte !== 0)).toEqual([1]);
    expect(lease.window.arena[72]).toBe(1);
    expect(readRing(lease).items.map((item) => [...item])).toEqual([
      [0xa2, 0x61, 0x62],
      [9, 8, 7],
    ]);
    expect(lease.readLayout()).toEqual({ name: 'queue', slotCount: 1, slotStride: 12 });
  });

  test('lets others have their turn, although nobody has to wait', async () => {
    const { world, lease } = granted();
    const producer = new Queue<number>(createQueue(lease, { capacity: 4, stride: 64 }), { wait: 'event' });
    const consumer = new Queue<number>(await attachQueue(lease), { wait: 'event' });
    let sent = 0;
    const turns: number[] = [];
    const turn = () => {
      turns.push(sent);
      if (sent < 2000) world.clock.nextTurn(turn);
    };
    world.clock.nextTurn(turn);
    const carrying = (async () => {
      for (; sent < 2000; sent++) {
        await producer.send(sent);
        expect(await consumer.receive()).toBe(sent);
      }
    })();
    await world.clock.run(carrying);
    expect(new Set(turns).size).toBeGreaterThan(5);
  });

  test('can have both ends in one process', async () => {
    const { world, lease } = granted();
    const producer = new Queue<number>(createQueue(lease, { capacity: 4, stride: 64 }));
    const consumer = new Queue<number>(await attachQueue(lease));
    const sending = numbers(100).map((i) => producer.send(i));
    const taken: number[] = [];
    const iterating = (async () => {
      for await (const value of consumer) taken.push(value);
    })();
    await world.clock.run(Promise.all(sending));
    producer.close();
    await world.clock.run(iterating);
    expect(taken).toEqual(numbers(100));
    await expect(attachQueue(lease)).rejects.toBeInstanceOf(Contention);
  });

  test.each(['busy', 'adaptive', 'event'] as const)('can wait %s', async (wait) => {
    const scene = await queueScene('near', { wait, readMs: 2 ** -7 });
    const { queue } = await holdQueue(scene, { wait });
    const taken: unknown[] = [];
    const iterating = (async () => {
      for await (const value of scene.atHome) taken.push(value);
    })();
    await scene.world.clock.advance(1);
    const sent = Promise.all(numbers(40).map((i) => queue.send(i)));
    await scene.world.clock.run(sent, 10_000);
    queue.close();
    await scene.world.clock.run(iterating, 10_000);
    expect(taken).toEqual(numbers(40));
  });

  test('refuses what is no value, too large, or out of turn, and gives nothing then', async () => {
    const scene = await queueScene('near', { capacity: 4, stride: 16 });
    const { queue } = await holdQueue(scene);
    expect(() => queue.push(undefined)).toThrow(TypeError);
    expect(() => queue.push('twelve chars')).toThrow(PayloadTooLarge);
    expect(() => queue.push('twelve chars')).toThrow('an item of 13 bytes, at most 12 fit a slot');
    expect(() => queue.pushMany([1, 'twelve chars'])).toThrow(PayloadTooLarge);
    await expect(queue.send('twelve chars')).rejects.toBeInstanceOf(PayloadTooLarge);
    expect(() => queue.commit(1)).toThrow(RangeError);
    queue.reserve();
    expect(() => queue.commit(13)).toThrow(PayloadTooLarge);
    expect(() => queue.commit(-1)).toThrow(RangeError);
    expect(() => queue.commit(1.5)).toThrow(RangeError);
    expect(readRing(scene.lease)).toMatchObject({ head: 0, tail: 0 });
    expect(() => scene.atHome.release()).toThrow(RangeError);
    expect(queue.push('eleven char')).toBe(true);
    expect(scene.atHome.pop()).toBe('eleven char');
  });

  test.each([
    [1, 64],
    [2.5, 64],
    [2 ** 32, 64],
    [Number.NaN, 64],
    [8, 4],
    [8, 62],
    [8, -64],
  ])('cannot have %d slots of %d bytes', (capacity, stride) => {
    expect(() => createQueue(granted().lease, { capacity, stride })).toThrow(RangeError);
  });

  test('needs a lease of its own, large enough, at its home', async () => {
    const { lease } = granted({ minBytes: 4096 });
    expect(() => createQueue(lease, { capacity: 64, stride: 64 })).toThrow(Unsupported);
    createQueue(lease, { capacity: 63, stride: 64 });
    expect(() => createQueue(lease, { capacity: 63, stride: 64 })).toThrow(Contention);
    const { held } = await heldScene();
    expect(() => createQueue(held, { capacity: 8, stride: 64 })).toThrow(Unsupported);
    await expect(attachQueue(held)).rejects.toBeInstanceOf(Unsupported);
    const served = await servedScene();
    await expect(attachQueue(served.held)).rejects.toBeInstanceOf(Unsupported);
    expect(() => createQueue(served.lease, { capacity: 8, stride: 64 })).toThrow(Contention);
    expect(() => new RpcServer(lease)).toThrow(Unsupported);
  });

  test('is not opened where the lease has ended since its place was found', async () => {
    const { world, lease } = await queueScene('near');
    const held = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
    const place = await world.clock.run(attachQueue(held));
    await world.clock.run(lease.revoke());
    await world.clock.settle();
    expect(() => new Queue(place)).toThrow(Revoked);
  });

  test('has one holder at a time', async () => {
    const scene = await queueScene('near');
    await holdQueue(scene);
    await expect(holdQueue(scene)).rejects.toBeInstanceOf(Contention);
  });
});

describe('what a hostile peer writes', () => {
  const put = (arena: Uint8Array, at: number, value: bigint) => {
    new DataView(arena.buffer, arena.byteOffset).setBigUint64(at, value, true);
  };

  test.each([8n, 2n ** 32n, 2n ** 64n - 1n])('as a tail of %d is refused', async (tail) => {
    const scene = await queueScene('near');
    const { held } = await holdQueue(scene);
    put(held.window.arena, 8, tail);
    expect(() => scene.atHome.pop()).toThrow(MalformedFrame);
    await expect(scene.atHome.receive()).rejects.toBeInstanceOf(MalformedFrame);
  });

  test('as a head past the tail is refused', async () => {
    const scene = await queueScene('near');
    const { held } = await holdQueue(scene);
    scene.atHome.pushMany(numbers(3));
    put(held.window.arena, 0, 5n);
    expect(() => scene.atHome.pushMany(numbers(7))).toThrow(MalformedFrame);
    expect(readRing(scene.lease).tail).toBe(3);
  });

  test.each([61, 2 ** 31, 2 ** 32 - 1])('as an item of %d bytes is refused, and read nowhere', async (bytes) => {
    const scene = await queueScene('near');
    const { queue, held } = await holdQueue(scene);
    queue.push(1);
    new DataView(held.window.arena.buffer, held.window.arena.byteOffset).setUint32(32, bytes, true);
    expect(() => scene.atHome.pop()).toThrow(MalformedFrame);
    expect(() => scene.atHome.peek()).toThrow(MalformedFrame);
    expect(() => scene.atHome.popMany(9)).toThrow(MalformedFrame);
  });

  test('as bytes that are no value fails their pop, and harms none before or, once skipped, behind', async () => {
    const scene = await queueScene('near');
    const { queue } = await holdQueue(scene);
    queue.push('before');
    queue.reserve()?.fill(0xc1);
    queue.commit(5);
    queue.push('behind');
    expect(scene.atHome.popMany(9)).toEqual(['before']);
    expect(() => scene.atHome.pop()).toThrow(MalformedFrame);
    expect(scene.atHome.peek()).toHaveLength(5);
    scene.atHome.release();
    expect(scene.atHome.pop()).toBe('behind');
  });

  test.each([
    [16, 1n],
    [16, 2n ** 40n],
    [24, 6n],
    [24, 65536n],
    [0, 8n],
  ])('at %d as %d is refused by whoever attaches and goes on', async (at, value) => {
    const scene = await queueScene('near');
    put(scene.lease.window.arena, at, value);
    await expect(holdQueue(scene).then(({ queue }) => queue.pop())).rejects.toBeInstanceOf(MalformedFrame);
  });

  test('as what it does is refused', async () => {
    const scene = await queueScene('near');
    const { held } = await holdQueue(scene);
    held.window.arena[32 + 8 * 64 + 8] = 77;
    await expect(scene.atHome.receive()).rejects.toBeInstanceOf(MalformedFrame);
  });
});
