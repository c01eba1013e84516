// The rules of memory that no cache coherence keeps true, one by one.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Pool } from './pool.ts';
import type { PoolCache } from './pool-cache.ts';

const lineBytes = 64;
let pool: Pool;
let a: PoolCache;
let b: PoolCache;

function open(coherent = false): void {
  pool = new Pool({ hosts: 2, hostBytes: 8192, coherent });
  [a, b] = pool.hosts.map(({ cache }) => cache) as [PoolCache, PoolCache];
}

beforeEach(() => open());

const bytes = (...values: number[]) => Uint8Array.from(values);
const first = (cache: PoolCache, offset = 0) => cache.load(offset, 1)[0];

/** As the protocol does it. */
function publish(cache: PoolCache, offset: number, source: Uint8Array): void {
  cache.store(offset, source);
  cache.flush(offset, source.length);
  cache.fence();
}

describe('a load', () => {
  test('of a line that is in the cache gives what it was, until that is invalidated', () => {
    expect(first(b)).toBe(0);
    publish(a, 0, bytes(1));
    expect(first(b)).toBe(0);
    b.invalidate(0, 1);
    expect(first(b)).toBe(1);
  });

  test('of a line that is not gives what is in the memory', () => {
    publish(a, 0, bytes(1));
    expect(first(b)).toBe(1);
  });

  test('brings the whole line', () => {
    b.load(0, 1);
    publish(a, 63, bytes(1));
    publish(a, 64, bytes(1));
    expect([first(b, 63), first(b, 64)]).toEqual([0, 1]);
  });

  test('goes across lines and pages', () => {
    const source = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
    publish(a, 100, source);
    expect(b.load(100, 5000)).toEqual(source);
  });
});

describe('a store', () => {
  test('is seen by the own host at once, and by others once it is flushed', () => {
    a.store(0, bytes(1));
    expect([first(a), first(b)]).toEqual([1, 0]);
    b.invalidate(0, 1);
    expect(first(b)).toBe(0);
    a.flush(0, 1);
    a.fence();
    b.invalidate(0, 1);
    expect(first(b)).toBe(1);
  });

  test('is seen by others when its line is evicted, whenever that is', () => {
    a.store(0, bytes(1));
    a.evictOne();
    expect(first(b)).toBe(1);
  });

  test('takes its whole line along: what another host stored there is lost, and that is told', () => {
    const told: string[] = [];
    pool.onViolation = (what) => told.push(what);
    a.store(0, bytes(1));
    b.store(8, bytes(2));
    for (const cache of [a, b]) cache.flush(0, 64);
    expect(pool.memory.subarray(0, 9)).toEqual(bytes(0, 0, 0, 0, 0, 0, 0, 0, 2));
    expect(told).toEqual(['two hosts have stored in the line at 0']);
  });

  test('in another line harms nobody', () => {
    a.store(0, bytes(1));
    b.store(lineBytes, bytes(2));
    for (const cache of [a, b]) cache.flush(0, 128);
    expect([pool.memory[0], pool.memory[lineBytes]]).toEqual([1, 2]);
  });
});

describe('a flush', () => {
  test('may be late, but not later than the next fence', () => {
    pool.flushesLate = () => true;
    a.store(0, bytes(1));
    a.flush(0, 1);
    expect(pool.memory[0]).toBe(0);
    a.fence();
    expect(pool.memory[0]).toBe(1);
  });

  test('of one line may come before that of another that was asked for earlier', () => {
    const late = [true, false];
    pool.flushesLate = () => late.shift() ?? false;
    a.store(0, bytes(1));
    a.flush(0, 1);
    a.store(lineBytes, bytes(2));
    a.flush(lineBytes, 1);
    expect([pool.memory[0], pool.memory[lineBytes]]).toEqual([0, 2]);
  });

  test('leaves the line in the cache', () => {
    publish(a, 0, bytes(1));
    publish(b, 0, bytes(2));
    expect(first(a)).toBe(1);
  });
});

describe('an invalidation', () => {
  test('writes back what was stored, and loses nothing', () => {
    a.store(0, bytes(1));
    a.invalidate(0, 1);
    expect([pool.memory[0], first(a)]).toEqual([1, 1]);
  });
});

describe('what is mapped', () => {
  test('is the cache itself, in which lines are invalidated and evicted', () => {
    const view = new Uint8Array(a.map(4096, 4096));
    publish(b, 4096, bytes(1));
    expect(view[0]).toBe(0);
    a.invalidate(4096, 1);
    expect(view[0]).toBe(1);
    view[64] = 2;
    expect([first(a, 4160), a.isDirty(4096, 4096)]).toEqual([2, true]);
    a.flush(4160, 1);
    expect([pool.memory[4160], a.isDirty(4096, 4096)]).toEqual([2, false]);
  });

  test('leaves in the cache what it had there', () => {
    const view = new Uint8Array(a.map(4096, 4096));
    view[0] = 1;
    a.unmap(4096, 4096);
    view[0] = 9;
    expect([pool.memory[4096], a.isDirty(4096, 1), first(a, 4096)]).toEqual([0, true, 1]);
  });
});

test('a pool that hardware keeps coherent is one memory', () => {
  open(true);
  a.store(0, bytes(1));
  b.store(8, bytes(2));
  expect(a.load(0, 9)).toEqual(bytes(1, 0, 0, 0, 0, 0, 0, 0, 2));
});

test('whatever is evicted when: who stores alone in a line, flushes, and is invalidated for, is read', () => {
  const step = fc.record({ value: fc.integer({ min: 1, max: 255 }), offset: fc.integer({ min: 0, max: 4000 }) });
  fc.assert(
    fc.property(fc.array(step), fc.infiniteStream(fc.nat()), (steps, draws) => {
      open();
      const draw = () => draws.next().value ?? 0;
      pool.pick = (count) => draw() % count;
      pool.evictions = () => draw() % 3;
      pool.flushesLate = () => draw() % 2 === 0;
      for (const { value, offset } of steps) {
        publish(a, offset, bytes(value, value));
        b.invalidate(offset, 2);
        expect(b.load(offset, 2)).toEqual(bytes(value, value));
      }
    }),
  );
});
