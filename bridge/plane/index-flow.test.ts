import { describe, expect, test } from 'vitest';
import { IndexFlow, notices } from './index-flow.ts';

/** Two windows of which one is the other's mirror, and what is on its way between them, in order. */
class Way {
  readonly near = new Uint8Array(1024);
  readonly far = new Uint8Array(1024);
  /** What arrives next; a notice is told to the far end. */
  readonly underWay: (() => number | undefined)[] = [];
  readonly flow: IndexFlow = new IndexFlow({
    write: (offset, bytes) => {
      const source = this.near.slice(offset, offset + bytes);
      this.underWay.push(() => void this.far.set(source, offset));
    },
    writeIndex: (offset, index) => {
      this.underWay.push(() => {
        new DataView(this.far.buffer).setBigUint64(offset, BigInt(index), true);
        return notices.moved;
      });
    },
    tell: (notice) => void this.underWay.push(() => notice),
  });

  publish(offset: number, bytes: number, indexOffset: number, index: number): void {
    this.near.fill(index, offset, offset + bytes);
    this.flow.publish(offset, bytes, indexOffset, index);
  }

  /** Lets all arrive; returns what the far end was told. */
  arrive(): (number | undefined)[] {
    return this.underWay.splice(0).map((arrive) => arrive());
  }

  indexAt(offset: number): bigint {
    return new DataView(this.far.buffer).getBigUint64(offset, true);
  }
}

describe('a flow of indices', () => {
  test('has the bytes arrive before the index', () => {
    const way = new Way();
    way.publish(100, 10, 8, 7);
    expect(way.underWay[0]?.()).toBeUndefined();
    expect([way.far[100], way.far[109], way.far[110], way.indexAt(8)]).toEqual([7, 7, 0, 0n]);
    expect(way.underWay[1]?.()).toBe(notices.moved);
    expect(way.indexAt(8)).toBe(7n);
  });

  test('joins what comes while the peer has not seen what came before', () => {
    const way = new Way();
    for (let i = 1; i <= 200; i++) way.publish(100 + 4 * i, 3, 8, i);
    expect(way.arrive().filter((notice) => notice === notices.moved)).toHaveLength(4);
    expect(way.indexAt(8)).toBe(4n);
    way.flow.hear(notices.seen);
    expect(way.arrive()).toEqual([undefined, notices.moved]);
    expect(way.indexAt(8)).toBe(200n);
    for (let i = 1; i <= 200; i++) expect(way.far[100 + 4 * i + 2]).toBe(i);
    for (let i = 0; i < 4; i++) way.flow.hear(notices.seen);
    expect(way.arrive()).toEqual([]);
  });

  test('joins nothing across a wrap, nor of different indices', () => {
    const way = new Way();
    for (let i = 1; i <= 4; i++) way.publish(0, 0, 8, i);
    way.arrive();
    way.publish(900, 10, 8, 5);
    way.publish(100, 10, 8, 6);
    way.publish(0, 0, 16, 9);
    way.flow.hear(notices.seen);
    way.arrive();
    expect([way.far[900], way.far[100], way.indexAt(8), way.indexAt(16)]).toEqual([5, 0, 5n, 0n]);
    way.flow.hear(notices.seen);
    way.flow.hear(notices.seen);
    way.arrive();
    expect([way.far[100], way.indexAt(8), way.indexAt(16)]).toEqual([6, 6n, 9n]);
  });

  test('says that it saw what it was told', () => {
    const way = new Way();
    expect(way.flow.hear(notices.moved)).toBe(true);
    expect(way.arrive()).toEqual([notices.seen]);
    expect(way.flow.hear(notices.seen)).toBe(false);
  });

  test('ends a catch-up behind all that was published before', () => {
    const way = new Way();
    for (let i = 1; i <= 6; i++) way.publish(0, 0, 8 * i, i);
    way.flow.endCatchUp();
    expect(way.flow.catchesUp).toBe(true);
    expect(way.arrive()).not.toContain(notices.catchUp);
    way.flow.hear(notices.seen);
    way.flow.hear(notices.seen);
    expect(way.arrive()).toEqual([notices.moved, notices.moved, notices.catchUp]);
    expect(way.indexAt(48)).toBe(6n);
    expect(way.flow.catchesUp).toBe(false);
  });
});
