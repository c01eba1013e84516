// mem(): authoritative access to a lease's bytes, from a holder and from its home.
import { expect } from 'vitest';
import { expectFailure } from './expect-failure.ts';
import type { Cases, Stage } from './stage.ts';

const uint64Max = 2n ** 64n - 1n;
const arenaBytes = 65536;

function pattern(bytes: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + seed) & 0xff);
}

async function holderWritesHomeReads(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: arenaBytes });
  const bytes = pattern(4099, 1);
  await here.mem().write(3, bytes);
  expect(await there.read(3, bytes.length)).toEqual(bytes);
  expect(await there.read(0, 3)).toEqual(new Uint8Array(3));
  expect(await there.read(3 + bytes.length, 8)).toEqual(new Uint8Array(8));
}

async function homeWritesHolderReads(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: arenaBytes });
  const bytes = pattern(4099, 2);
  await there.write(arenaBytes - bytes.length, bytes);
  expect(await here.mem().read(arenaBytes - bytes.length, bytes.length)).toEqual(bytes);
}

async function wholeArenaAtOnce(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: 1 << 20 });
  const bytes = pattern(here.size, 3);
  await here.mem().write(0, bytes);
  expect(Buffer.compare(await here.mem().read(0, here.size), bytes)).toBe(0);
  expect(Buffer.compare(await there.read(0, here.size), bytes)).toBe(0);
}

async function nothingIsAlsoARange(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  await here.mem().write(here.size, new Uint8Array(0));
  expect(await here.mem().read(here.size, 0)).toEqual(new Uint8Array(0));
}

async function readIsACopy(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  const read = await here.mem().read(0, 4);
  read.fill(1);
  expect(await here.mem().read(0, 4)).toEqual(new Uint8Array(4));
}

async function rangesAreChecked(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: arenaBytes });
  const mem = here.mem();
  const wrong: [number, number][] = [
    [-1, 1],
    [0, -1],
    [0, here.size + 1],
    [here.size, 1],
    [here.size + 1, 0],
    [2 ** 53, 1],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ];
  for (const [offset, bytes] of wrong) await expectFailure(mem.read(offset, bytes), RangeError);
  await expectFailure(mem.write(-1, Uint8Array.of(1)), RangeError);
  await expectFailure(mem.write(here.size - 1, Uint8Array.of(1, 2)), RangeError);
  expect(await there.read(here.size - 1, 1)).toEqual(new Uint8Array(1));
}

async function wordsAreAligned(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  for (const offset of [1, 4, 7, -8, here.size, here.size - 4]) {
    await expectFailure(here.mem().fetchAdd(offset, 1n), RangeError);
    await expectFailure(here.mem().compareExchange(offset, 0n, 1n), RangeError);
  }
  expect(await here.mem().fetchAdd(here.size - 8, 1n)).toBe(0n);
}

async function argumentsHaveTypes(stage: Stage): Promise<void> {
  const mem = (await stage.hold()).here.mem();
  await expectFailure(mem.write(0, 'bytes' as unknown as Uint8Array), TypeError);
  await expectFailure(mem.fetchAdd(0, 1 as unknown as bigint), TypeError);
  await expectFailure(mem.compareExchange(0, 0n, 1 as unknown as bigint), TypeError);
  for (const value of [-1n, uint64Max + 1n]) {
    await expectFailure(mem.fetchAdd(0, value), RangeError);
    await expectFailure(mem.compareExchange(0, value, 0n), RangeError);
    await expectFailure(mem.compareExchange(0, 0n, value), RangeError);
  }
  expect(await mem.read(0, 8)).toEqual(new Uint8Array(8));
}

async function compareExchanges(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const mem = here.mem();
  expect(await mem.compareExchange(8, 0n, uint64Max)).toBe(0n);
  expect(await mem.compareExchange(8, 0n, 1n)).toBe(uint64Max);
  expect(await there.compareExchange(8, uint64Max, 2n ** 63n)).toBe(uint64Max);
  expect(await mem.compareExchange(8, 1n, 2n)).toBe(2n ** 63n);
  expect(await mem.read(8, 8)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80));
}

async function fetchAdds(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const mem = here.mem();
  expect(await mem.fetchAdd(16, 5n)).toBe(0n);
  expect(await there.fetchAdd(16, 2n ** 63n)).toBe(5n);
  expect(await mem.fetchAdd(16, 0n)).toBe(2n ** 63n + 5n);
  expect(await mem.read(16, 8)).toEqual(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0x80));
}

async function fetchAddWraps(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const mem = here.mem();
  expect(await mem.fetchAdd(0, uint64Max)).toBe(0n);
  expect(await there.fetchAdd(0, 1n)).toBe(uint64Max);
  expect(await mem.fetchAdd(0, uint64Max)).toBe(0n);
  // The neighbour has caught no carry.
  expect(await mem.fetchAdd(8, 0n)).toBe(0n);
}

async function noAdditionIsLost(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const times = 5_000;
  const atHome = there.fetchAdd(0, 3n, times);
  for (let i = 0; i < times; i++) {
    await here.mem().fetchAdd(0, 1n);
    if (i % 64 === 0) await new Promise(setImmediate);
  }
  await atHome;
  expect(await here.mem().fetchAdd(0, 0n)).toBe(BigInt(times) * 4n);
}

async function noExchangeIsLost(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const times = 2_000;
  const atHome = there.fetchAdd(0, 1n, times);
  let seen = 0n;
  for (let done = 0; done < times; ) {
    const found = await here.mem().compareExchange(0, seen, seen + 1n);
    if (found === seen) done += 1;
    seen = found === seen ? seen + 1n : found;
    if (done % 64 === 0) await new Promise(setImmediate);
  }
  await atHome;
  expect(await here.mem().fetchAdd(0, 0n)).toBe(BigInt(times) * 2n);
}

export const memoryCases: Cases = {
  'what a holder writes its home reads': holderWritesHomeReads,
  'what the home writes a holder reads': homeWritesHolderReads,
  'the whole arena is written and read at once': wholeArenaAtOnce,
  'nothing, at the end of the arena, is written and read': nothingIsAlsoARange,
  'what was read is a copy': readIsACopy,
  'a range outside the arena is a RangeError and touches nothing': rangesAreChecked,
  'a word that is not aligned, or not inside, is a RangeError': wordsAreAligned,
  'arguments of a wrong type or out of the u64 range touch nothing': argumentsHaveTypes,
  'compareExchange stores if it finds what it expected, and returns what it found': compareExchanges,
  'fetchAdd adds an unsigned 64-bit number and returns what was there': fetchAdds,
  'fetchAdd wraps around, and carries nothing into its neighbour': fetchAddWraps,
  'of concurrent additions by holder and home none is lost': noAdditionIsLost,
  'of concurrent exchanges and additions by holder and home none is lost': noExchangeIsLost,
};
