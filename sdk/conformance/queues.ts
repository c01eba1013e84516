// Queues: what one end gives the other takes, once, in order, whichever of them is at home.
import { expect } from 'vitest';
import {
  Contention,
  DeadlineExceeded,
  Disconnected,
  FabricQueue,
  PayloadTooLarge,
  type QueueOptions,
  Revoked,
  Unsupported,
} from '../index.ts';
import { expectFailure } from './expect-failure.ts';
import type { HomeDriver, HomeLease } from './home-driver.ts';
import type { Cases, Stage } from './stage.ts';
import { until } from './stage.ts';

interface Queued {
  readonly there: HomeLease;
  readonly here: Awaited<ReturnType<Stage['attach']>>;
  readonly queue: FabricQueue;
}

const capacity = 8;
const stride = 64;
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

/** A queue at home with its other end here. */
async function queued(stage: Stage, options: QueueOptions = {}, shape = { capacity, stride }): Promise<Queued> {
  const there = await stage.home.acquire({ minBytes: 32 + shape.capacity * shape.stride + 40 });
  await there.createQueue(shape.capacity, shape.stride);
  const here = await stage.attach(there);
  return { there, here, queue: await FabricQueue.attach(here, options) };
}

async function received(queue: FabricQueue, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  while (values.length < count) values.push(await queue.receive());
  return values;
}

async function homeGivesHolderTakes(stage: Stage): Promise<void> {
  for (const wait of ['busy', 'adaptive', 'event'] as const) {
    const { there, queue } = await queued(stage, { wait });
    const sending = there.sendAll(numbers(300));
    expect(await received(queue, 300)).toEqual(numbers(300));
    await sending;
    expect(queue.pop()).toBeUndefined();
    await there.release();
  }
}

async function holderGivesHomeTakes(stage: Stage): Promise<void> {
  for (const wait of ['busy', 'adaptive', 'event'] as const) {
    const { there, queue } = await queued(stage, { wait });
    const receiving = there.receive(300);
    for (const value of numbers(300)) await queue.send(value);
    expect(await receiving).toEqual(numbers(300));
    await there.release();
  }
}

async function valuesKeepTheirShape(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage, {}, { capacity: 4, stride: 1024 });
  const values = [0, -1.5, '', 'ä💥', true, false, [], [1, [2]], {}, { a: { b: ['c', 1] } }];
  const sending = there.sendAll(values);
  expect(await received(queue, values.length)).toEqual(values);
  await sending;
}

async function aFullQueueTakesNoMore(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  expect(queue.pushMany(numbers(20))).toBe(capacity - 1);
  expect(queue.push(7)).toBe(false);
  await expectFailure(queue.send(7, { deadlineMs: 30 }), DeadlineExceeded);
  const sent = queue.send(7);
  expect(await there.receive(3)).toEqual([0, 1, 2]);
  await sent;
  expect(await there.receive(5)).toEqual([3, 4, 5, 6, 7]);
}

async function batchesCrossTheWrap(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  const taken: unknown[] = [];
  let sent = 0;
  for (let round = 0; round < 30; round++) {
    await queue.room();
    sent += queue.pushMany(numbers(1 + (round % 9), sent));
    taken.push(...(await there.receive(Math.min(1 + (round % 4), sent - taken.length))));
  }
  queue.close();
  taken.push(...(await there.receive(1000)));
  expect(sent).toBeGreaterThan(5 * capacity);
  expect(taken).toEqual(numbers(sent));
}

async function bytesInPlace(stage: Stage): Promise<void> {
  const { there, here, queue } = await queued(stage, {}, { capacity: 4, stride: 65_540 });
  for (const bytes of [0, 17, 65_536]) {
    const room = queue.reserve();
    expect(room).toHaveLength(65_536);
    room?.fill(0xc0, 0, bytes);
    queue.commit(bytes);
  }
  const tail = async () => new DataView((await here.mem().read(8, 8)).buffer).getUint32(0, true);
  await until('the last item is home', async () => (await tail()) === 3);
  expect(await there.read(32 + 65_540, 5)).toEqual(Uint8Array.of(17, 0, 0, 0, 0xc0));
  expect(await there.read(32 + 2 * 65_540 + 4 + 65_535, 1)).toEqual(Uint8Array.of(0xc0));
  expect(queue.reserve()).toBeUndefined();
  await expectFailure(() => queue.commit(1), RangeError);
}

async function theRingStandsAsDocumented(stage: Stage): Promise<void> {
  const { there, here, queue } = await queued(stage, {}, { capacity: 3, stride: 12 });
  expect(await there.pushMany(['ab', 'c'])).toBe(2);
  const expected = [0, 2, 3, 12].flatMap((number) => [number, 0, 0, 0, 0, 0, 0, 0]);
  expect([...(await here.mem().read(0, 32))]).toEqual(expected);
  expect([...(await here.mem().read(32, 7))]).toEqual([3, 0, 0, 0, 0xa2, 0x61, 0x62]);
  expect([...(await here.mem().read(44, 6))]).toEqual([2, 0, 0, 0, 0xa1, 0x63]);
  expect(await received(queue, 1)).toEqual(['ab']);
  await until('the head is home', async () => (await there.read(0, 1))[0] === 1);
  expect([...(await there.read(0, 16))]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
}

async function closingEndsTheIteration(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  const sending = there.sendAll(numbers(20)).then(() => there.closeQueue());
  const values: unknown[] = [];
  for await (const value of queue) values.push(value);
  await sending;
  expect(values).toEqual(numbers(20));
  expect(await queue.ready()).toBe(false);
  await expectFailure(there.pushMany([1]), Unsupported);
}

async function anEndHasOneDeed(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  expect(queue.push(1)).toBe(true);
  await expectFailure(() => queue.pop(), Contention);
  expect(await there.receive(1)).toEqual([1]);
  await expectFailure(there.pushMany([2]), Contention);
}

async function tooLargeGivesNothing(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  await expectFailure(() => queue.push('x'.repeat(stride)), PayloadTooLarge);
  await expectFailure(() => queue.pushMany([1, 'x'.repeat(stride)]), PayloadTooLarge);
  await expectFailure(queue.send('x'.repeat(stride)), PayloadTooLarge);
  await expectFailure(() => queue.push(undefined), TypeError);
  expect(queue.push('last')).toBe(true);
  expect(await there.receive(1)).toEqual(['last']);
}

async function waitsCanBeBrokenOff(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  const stop = new AbortController();
  const aborted = queue.receive({ signal: stop.signal });
  stop.abort(new RangeError('enough'));
  await expectFailure(aborted, RangeError);
  await expectFailure(queue.receive({ deadlineMs: 20 }), DeadlineExceeded);
  await there.pushMany(['after that']);
  expect(await queue.receive()).toBe('after that');
}

/** The home learns of a holder's death a moment after whoever caused it. */
async function successor(stage: Stage, there: HomeLease): Promise<FabricQueue> {
  for (;;) {
    try {
      return await FabricQueue.attach(await stage.attach(there));
    } catch (error) {
      if (!(error instanceof Contention)) throw error;
    }
  }
}

async function held(other: HomeDriver, there: HomeLease): Promise<HomeLease> {
  const theirs = await other.attach(there);
  await theirs.attachQueue();
  return theirs;
}

async function deathLeavesTheQueue(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.createQueue(capacity, stride);
  const other = await stage.spawnHome();
  const theirs = await held(other, there);
  expect(await there.pushMany(numbers(7))).toBe(7);
  expect(await theirs.receive(3)).toEqual([0, 1, 2]);
  await until('the head is home', async () => (await there.read(0, 1))[0] === 3);
  await other.kill();
  const queue = await successor(stage, there);
  expect(await received(queue, 4)).toEqual([3, 4, 5, 6]);
  expect(await there.pushMany([7])).toBe(1);
  expect(await received(queue, 1)).toEqual([7]);
}

async function deathOfTheProducerToo(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.createQueue(capacity, stride);
  const other = await stage.spawnHome();
  const theirs = await held(other, there);
  const receiving = there.receive(6);
  await theirs.sendAll(numbers(3));
  await until('the items are home', async () => (await there.read(8, 1))[0] === 3);
  await other.kill();
  const queue = await successor(stage, there);
  expect(queue.pushMany(numbers(3, 3))).toBe(3);
  expect(await receiving).toEqual(numbers(6));
}

async function theLeasesEndEndsTheWait(stage: Stage): Promise<void> {
  const { there, queue } = await queued(stage);
  const waiting = queue.receive();
  const failing = expectFailure(waiting, Revoked);
  await there.revoke();
  await failing;
  await expectFailure(() => queue.pop(), Revoked);
}

async function theHomesEndToo(stage: Stage): Promise<void> {
  const home = await stage.spawnHome();
  const there = await home.acquire();
  await there.createQueue(capacity, stride);
  const queue = await FabricQueue.attach(await stage.attach(there));
  const failing = expectFailure(queue.receive(), Disconnected);
  await home.kill();
  await failing;
}

async function aQueueIsMadeAtHome(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: 4096 });
  await expectFailure(() => FabricQueue.create(here, { capacity, stride }), Unsupported);
  await expectFailure(FabricQueue.attach(here), Unsupported);
  await expectFailure(there.createQueue(1, stride), RangeError);
  await expectFailure(there.createQueue(capacity, 10), RangeError);
  await expectFailure(there.createQueue(capacity, 4096), Unsupported);
  await there.createQueue(capacity, stride);
  await expectFailure(there.createQueue(capacity, stride), Contention);
  await expectFailure(there.openServer(), Unsupported);
}

async function aQueueIsFoundByName(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.createQueue(capacity, stride);
  await there.register('queue-by-name');
  const dns = await stage.openDns();
  expect(await dns.resolve('queue-by-name')).toMatchObject([{ lease: there.id, layout: 'queue', freeSlots: 1 }]);
  const here = stage.adopt(await dns.connect('queue-by-name'));
  const queue = await FabricQueue.attach<number>(here);
  expect(queue.push(7)).toBe(true);
  expect(await there.receive(1)).toEqual([7]);
  await expectFailure(dns.register('queue-by-name', queue), Unsupported);
}

async function bothEndsInOneProcess(stage: Stage): Promise<void> {
  const lease = await stage.acquireHere();
  const producer = FabricQueue.create<number>(lease, { capacity, stride });
  const consumer = await FabricQueue.attach<number>(lease);
  const sending = Promise.all(numbers(100).map((value) => producer.send(value))).then(() => producer.close());
  const values: number[] = [];
  for await (const value of consumer) values.push(value);
  await sending;
  expect(values).toEqual(numbers(100));
}

export const queueCases: Cases = {
  'what home gives the holder takes, in order, however it waits': homeGivesHolderTakes,
  'what the holder gives home takes, in order, however it waits': holderGivesHomeTakes,
  'values of a queue arrive as they were': valuesKeepTheirShape,
  'a full queue takes no more, and more when there is room': aFullQueueTakesNoMore,
  'batches of a queue cross its end': batchesCrossTheWrap,
  'items are built where they lie': bytesInPlace,
  'a ring stands in the lease as it is documented': theRingStandsAsDocumented,
  'a producer that closes ends the consumer’s iteration, after the last item': closingEndsTheIteration,
  'a queue has one producer and one consumer': anEndHasOneDeed,
  'an item that is too large is PayloadTooLarge, and gives nothing': tooLargeGivesNothing,
  'a wait at a queue ends by signal and by deadline': waitsCanBeBrokenOff,
  'a consumer that dies leaves the rest to its successor': deathLeavesTheQueue,
  'a producer that dies leaves what it gave, and its successor goes on': deathOfTheProducerToo,
  'the end of the lease ends a wait at its queue': theLeasesEndEndsTheWait,
  'the end of the home ends a wait at its queue': theHomesEndToo,
  'a queue is made at home, once, where it fits': aQueueIsMadeAtHome,
  'a queue is found by name': aQueueIsFoundByName,
  'a queue can have both ends in one process': bothEndsInOneProcess,
};
