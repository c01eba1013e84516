import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { granted, heldScene } from '../world.test.support.ts';

const arenaBytes = 65536;
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const wordOffset = fc.nat(arenaBytes / 8 - 1).map((index) => index * 8);

test('the arena is what was asked for, in whole pages', async () => {
  for (const [minBytes, bytes] of [
    [1, 4096],
    [4096, 4096],
    [4097, 8192],
    [65536, 65536],
  ] as const) {
    const { lease } = granted({ minBytes });
    expect([lease.memory.arenaSize(), lease.arenaBytes, lease.window.arena.length]).toEqual([bytes, bytes, bytes]);
    expect(await lease.memory.read(0, bytes)).toEqual(new Uint8Array(bytes));
  }
});

describe('bytes', () => {
  test('written at one end are read at the other, and no others change', async () => {
    const { lease, held } = await heldScene();
    const model = new Uint8Array(arenaBytes);
    const write = fc.record({
      here: fc.boolean(),
      offset: fc.nat(arenaBytes - 1),
      source: fc.uint8Array({ maxLength: 64 }),
    });
    await fc.assert(
      fc.asyncProperty(write, async ({ here, offset, source }) => {
        const fitting = source.subarray(0, arenaBytes - offset);
        await (here ? held : lease).memory.write(offset, fitting);
        model.set(fitting, offset);
        const read = await (here ? lease : held).memory.read(0, arenaBytes);
        expect(Buffer.compare(read, model)).toBe(0);
      }),
    );
  });

  test('that were read are the reader’s own', async () => {
    const { lease } = granted();
    const read = await lease.memory.read(0, 8);
    read.fill(9);
    expect(await lease.memory.read(0, 8)).toEqual(new Uint8Array(8));
  });

  test('may be none, up to the very end', async () => {
    const { lease } = granted();
    expect(await lease.memory.read(arenaBytes, 0)).toHaveLength(0);
    await lease.memory.write(arenaBytes, new Uint8Array(0));
  });
});

describe('words', () => {
  test('are exchanged only where they are as expected, and always told', async () => {
    const { lease, held } = await heldScene();
    await fc.assert(
      fc.asyncProperty(wordOffset, uint64, uint64, fc.boolean(), async (offset, other, desired, matches) => {
        const found = await lease.memory.compareExchange(offset, 0n, 0n);
        const expected = matches ? found : other;
        expect(await held.memory.compareExchange(offset, expected, desired)).toBe(found);
        const now = expected === found ? desired : found;
        expect(await lease.memory.fetchAdd(offset, 0n)).toBe(now);
      }),
    );
  });

  test('are added to modulo 2^64, little-endian', async () => {
    const { lease } = granted();
    await fc.assert(
      fc.asyncProperty(wordOffset, uint64, async (offset, delta) => {
        const before = await lease.memory.fetchAdd(offset, delta);
        const bytes = await lease.memory.read(offset, 8);
        const after = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
        expect(after).toBe((before + delta) % 2n ** 64n);
      }),
    );
  });

  test('lose no addition, whoever adds', async () => {
    const { lease, held } = await heldScene();
    const adds = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? lease : held).memory.fetchAdd(8, 3n));
    const seen = await Promise.all(adds);
    expect(new Set(seen).size).toBe(100);
    expect(await lease.memory.fetchAdd(8, 0n)).toBe(300n);
  });
});

describe('what is out of bounds', () => {
  const odd = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, arenaBytes, arenaBytes + 1),
  );

  test('is refused with RangeError, before anything is touched', async () => {
    const { lease } = granted();
    await fc.assert(
      fc.asyncProperty(odd, odd, async (offset, bytes) => {
        const fits = [offset, bytes].every((n) => Number.isInteger(n) && n >= 0) && offset + bytes <= arenaBytes;
        if (fits) return;
        await expect(lease.memory.read(offset, bytes)).rejects.toThrow(RangeError);
        const endsBehind = !Number.isInteger(offset) || offset < 0 || offset + 4 > arenaBytes;
        if (endsBehind) await expect(lease.memory.write(offset, Uint8Array.of(1, 2, 3, 4))).rejects.toThrow(RangeError);
      }),
    );
    expect(lease.window.arena.every((byte) => byte === 0)).toBe(true);
  });

  test('words have to lie at a multiple of eight', async () => {
    const { memory } = granted().lease;
    for (const offset of [1, 4, 7, 65535, 65536, -8, 0.5, Number.NaN]) {
      await expect(memory.compareExchange(offset, 0n, 1n)).rejects.toThrow(RangeError);
      await expect(memory.fetchAdd(offset, 1n)).rejects.toThrow(RangeError);
    }
  });

  test('and be unsigned, of 64 bits', async () => {
    const { memory } = granted().lease;
    for (const value of [-1n, 2n ** 64n]) {
      await expect(memory.compareExchange(0, value, 0n)).rejects.toThrow(RangeError);
      await expect(memory.compareExchange(0, 0n, value)).rejects.toThrow(RangeError);
      await expect(memory.fetchAdd(0, value)).rejects.toThrow(RangeError);
    }
    await expect(memory.fetchAdd(0, 1 as unknown as bigint)).rejects.toThrow(TypeError);
    await expect(memory.compareExchange(0, '0' as unknown as bigint, 0n)).rejects.toThrow(TypeError);
    expect(await memory.read(0, 8)).toEqual(new Uint8Array(8));
  });

  test('what is written has to be bytes', async () => {
    const { memory } = granted().lease;
    for (const source of ['text', [1, 2], new ArrayBuffer(4), new Uint16Array(2), null, undefined]) {
      await expect(memory.write(0, source as unknown as Uint8Array)).rejects.toThrow(TypeError);
    }
  });
});
