// What the opcodes do, on a real device: bytes, immediates, atomics, bounds, full queues.
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { completionKinds, RemoteRegion } from '#native';
import { allAccess, Loop, regionBytes } from './loop.ts';

const { done, immediate } = completionKinds;

function fill(bytes: Uint8Array, seed: number): void {
  for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 31 + seed) & 0xff;
}

async function write(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  fill(left.bytes, 1);
  // Inline, of one packet, of many packets, up to both ends of the region.
  const sizes = [1, 64, 128, 129, 4096, 40_000, regionBytes];
  for (const [index, bytes] of sizes.entries()) {
    right.bytes.fill(0);
    const offset = regionBytes - bytes;
    ok(left.pair.write(left.region, offset, bytes, right.remote, offset, index + 1));
    deepEqual(await left.take(1), [{ word: index + 1, kind: done, pair: left.pair.number, detail: 0 }]);
    deepEqual(Buffer.from(right.bytes.subarray(offset)), Buffer.from(left.bytes.subarray(offset)));
    ok(right.bytes.subarray(0, offset).every((byte) => byte === 0));
  }
  equal(left.pair.outstanding, 0);
  loop.close();
}

async function writeNothing(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  ok(left.pair.write(left.region, 0, 0, right.remote, 0, 5));
  deepEqual(await left.take(1), [{ word: 5, kind: done, pair: left.pair.number, detail: 0 }]);
  ok(left.pair.writeWithImmediate(left.region, 0, 0, right.remote, 0, 9, 0));
  deepEqual(await right.take(1), [{ word: 9, kind: immediate, pair: right.pair.number, detail: 0 }]);
  loop.close();
}

async function writeWithImmediate(): Promise<void> {
  const loop = new Loop({ receivesMax: 4 });
  const { left, right } = loop;
  fill(left.bytes, 2);
  // Many more than there are receives: poll() posts them again.
  for (let round = 0; round < 100; round++) {
    const value = (0xfedc_ba00 + round) >>> 0;
    const bytes = round * 50;
    ok(left.pair.writeWithImmediate(left.region, 0, bytes, right.remote, 8, value, 0x8000_0000 + round));
    deepEqual(await left.take(1), [{ word: 0x8000_0000 + round, kind: done, pair: left.pair.number, detail: 0 }]);
    deepEqual(await right.take(1), [{ word: value, kind: immediate, pair: right.pair.number, detail: bytes }]);
    deepEqual(Buffer.from(right.bytes.subarray(8, 8 + bytes)), Buffer.from(left.bytes.subarray(0, bytes)));
  }
  loop.close();
}

async function read(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  fill(right.bytes, 3);
  for (const bytes of [1, 100, 5000, regionBytes]) {
    left.bytes.fill(0);
    ok(left.pair.read(left.region, 0, bytes, right.remote, regionBytes - bytes, bytes));
    deepEqual(await left.take(1), [{ word: bytes, kind: done, pair: left.pair.number, detail: 0 }]);
    deepEqual(Buffer.from(left.bytes.subarray(0, bytes)), Buffer.from(right.bytes.subarray(regionBytes - bytes)));
    ok(left.bytes.subarray(bytes).every((byte) => byte === 0));
  }
  loop.close();
}

async function compareExchange(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  const big = 0x8123_4567_89ab_cdefn;
  right.words[3] = 7n;
  ok(left.pair.compareExchange(left.region, 8, right.remote, 24, 6n, 99n, 1));
  await left.take(1);
  deepEqual([left.words[1], right.words[3]], [7n, 7n]);
  ok(left.pair.compareExchange(left.region, 8, right.remote, 24, 7n, big, 2));
  await left.take(1);
  deepEqual([left.words[1], right.words[3]], [7n, big]);
  // A negative number is its two's complement.
  ok(left.pair.compareExchange(left.region, 16, right.remote, 24, big, -1n, 3));
  await left.take(1);
  deepEqual([left.words[2], right.words[3]], [big, 2n ** 64n - 1n]);
  loop.close();
}

async function fetchAdd(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  let expected = 0n;
  for (let round = 1; round <= 200; round++) {
    ok(left.pair.fetchAdd(left.region, 0, right.remote, 16, BigInt(round), round));
    await left.take(1);
    equal(left.words[0], expected);
    expected += BigInt(round);
  }
  ok(left.pair.fetchAdd(left.region, 0, right.remote, 16, -expected - 1n, 1));
  await left.take(1);
  equal(right.words[2], 2n ** 64n - 1n);
  loop.close();
}

/** Whatever is out of bounds is refused here, and leaves the queue pair as it was. */
async function bounds(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  const small = new RemoteRegion(right.region.address, right.region.rkey, 64);
  const { pair, region } = left;
  const beyond = [
    () => pair.write(region, regionBytes - 7, 8, right.remote, 0, 1),
    () => pair.write(region, 0, 65, small, 0, 1),
    () => pair.write(region, 0, 1, small, 64, 1),
    () => pair.write(region, Number.MAX_SAFE_INTEGER, 8, right.remote, 0, 1),
    () => pair.write(region, 0, 8, right.remote, Number.MAX_SAFE_INTEGER, 1),
    () => pair.write(region, -1, 8, right.remote, 0, 1),
    () => pair.write(region, 0.5, 8, right.remote, 0, 1),
    () => pair.write(region, Number.NaN, 8, right.remote, 0, 1),
    () => pair.write(region, 0, 8, right.remote, 0, 2 ** 32),
    () => pair.write(region, 0, 2 ** 33, right.remote, 0, 1),
    () => pair.read(region, regionBytes, 1, right.remote, 0, 1),
    () => pair.read(region, 0, 65, small, 0, 1),
    () => pair.writeWithImmediate(region, 60, 8, small, 57, 1, 1),
    () => pair.writeWithImmediate(region, 0, 8, right.remote, 0, -1, 1),
    () => pair.fetchAdd(region, regionBytes - 7, right.remote, 0, 1n, 1),
    () => pair.fetchAdd(region, 0, small, 57, 1n, 1),
    () => pair.fetchAdd(region, 0, right.remote, 4, 1n, 1),
    () => pair.fetchAdd(region, 0, right.remote, 0, 2n ** 64n, 1),
    () => pair.compareExchange(region, 0, small, 64, 0n, 0n, 1),
    () => pair.compareExchange(region, 0, right.remote, 0, -(2n ** 63n) - 1n, 0n, 1),
  ];
  for (const post of beyond) throws(post, RangeError, String(post));
  equal(pair.outstanding, 0);
  ok(pair.write(region, regionBytes - 8, 8, right.remote, regionBytes - 8, 1));
  await left.take(1);
  loop.close();
}

/** False when the queue is full, and room again as completions are polled; whether or not anybody waits for any post. */
async function full(): Promise<void> {
  for (const sendsMax of [1, 2, 3, 16]) {
    const loop = new Loop({ sendsMax, access: allAccess });
    const { left, right } = loop;
    for (const token of [1, 0]) {
      let posted = 0;
      while (left.pair.write(left.region, 0, 8, right.remote, 0, token)) posted++;
      equal(posted, sendsMax);
      deepEqual([left.pair.outstanding, left.pair.sendRoom], [sendsMax, 0]);
      for (let round = 0; round < 300; round++) {
        while (left.pair.sendRoom === 0) left.poll();
        ok(left.pair.write(left.region, 0, 8, right.remote, 0, token));
      }
      while (left.pair.outstanding > Math.floor(sendsMax / 2)) left.poll();
      // A post that is waited for brings the others to their end.
      while (!left.pair.write(left.region, 0, 8, right.remote, 0, 77)) left.poll();
      while (left.pair.outstanding > 0) left.poll();
      const words = left.reported.splice(0).map(({ word }) => word);
      equal(words.filter((word) => word === 77).length, 1);
      equal(words.filter((word) => word === 1).length, token === 1 ? sendsMax + 300 : 0);
    }
    loop.close();
  }
}

/** Posts of all kinds on one queue pair take effect in order, over more than all sequence numbers. */
async function manyPosts(): Promise<void> {
  const loop = new Loop({ sendsMax: 128, receivesMax: 128 });
  const { left, right } = loop;
  const rounds = 70_000;
  let heard = 0;
  for (let round = 1; round <= rounds; round++) {
    const token = round % 50 === 0 ? round : 0;
    while (!left.pair.fetchAdd(left.region, 0, right.remote, 0, 1n, token)) left.poll();
    if (token !== 0) left.poll();
    for (const { word, kind } of left.reported.splice(0)) {
      heard += 50;
      deepEqual([word, kind], [heard, done]);
    }
  }
  while (heard < rounds) {
    left.poll();
    for (const { word } of left.reported.splice(0)) {
      heard += 50;
      equal(word, heard);
    }
  }
  equal(right.words[0], BigInt(rounds));
  loop.close();
}

export const dataScenarios: Readonly<Record<string, () => Promise<void>>> = {
  write,
  writeNothing,
  writeWithImmediate,
  read,
  compareExchange,
  fetchAdd,
  bounds,
  full,
  manyPosts,
};
