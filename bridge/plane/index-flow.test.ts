import { describe, expect, test } from 'vitest';
import { IndexFlow, notices } from './index-flow.ts';

/** Two windows of which one is the other's mirror, and what is on its way between them, in order. */
class Way {
  readonly near = new Uint8Array(1024);
  readonly far = new Uint8Array(1024);
  /** What arrives next; a notice is told to the far end. */
  readonly underWay: (() => number | undefined)[] = [];
  readonly flow: IndexFlow = new IndexFlow(
    {
      write: (offset, bytes) => {
        const source = this.near.slice(offset, offset + bytes);
        this.underWay.push(() => void this.far.set(source, offset));
      },
      post: (offset, words) => {
        this.underWay.push(() => {
          new Uint32Array(this.far.buffer, offset, 2).set(words);
          return notices.moved;
        });
      },
      tell: (notice) => void this.underWay.push(() => notice),
    },
    new Int32Array(this.near.buffer),
    'home',
  );
  readonly told: number[] = [];
  readonly farFlow: IndexFlow = new IndexFlow(
    {
      write: () => undefined,
      post: () => undefined,
      tell: (notice) => void this.told.push(notice),
    },
    new Int32Array(this.far.buffer),
    'holder',
  );

  publish(offset: number, bytes: number, indexOffset: number, index: number): void {
    this.near.fill(index, offset, offset + bytes);
    this.flow.publish(offset, bytes, indexOffset, index);
  }

  /** Lets the next arrive; returns what the far end was told. */
  arriveNext(): number | undefined {
    const notice = this.underWay.shift()?.();
    if (notice !== undefined) this.farFlow.hear(notice);
    return notice;
  }

  /** Lets all arrive, and what the far end answers. Returns what it was told. */
  arrive(): number[] {
    const told: number[] = [];
    while (this.underWay.length > 0) {
      const notice = this.arriveNext();
      if (notice !== undefined) told.push(notice);
      for (const answer of this.told.splice(0)) this.flow.hear(answer);
    }
    return told;
  }

  indexAt(offset: number): bigint {
    return new DataView(this.far.buffer).getBigUint64(offset, true);
  }
}

describe('a flow of indices', () => {
  test('has the bytes arrive before the index', () => {
    const way = new Way();
    way.publish(100, 10, 8, 7);
    expect(way.arriveNext()).toBeUndefined();
    expect([way.far[100], way.far[109], way.far[110], way.indexAt(8)]).toEqual([7, 7, 0, 0n]);
    expect(way.arriveNext()).toBe(notices.moved);
    expect(way.indexAt(8)).toBe(7n);
    expect(way.told).toEqual([notices.seen]);
  });

  test('joins what comes while the peer has not seen what came before', () => {
    const way = new Way();
    for (let i = 1; i <= 200; i++) way.publish(100 + 4 * i, 3, 8, i);
    way.arriveNext();
    way.arriveNext();
    expect([way.underWay.length, way.indexAt(8)]).toEqual([0, 1n]);
    way.flow.hear(notices.seen);
    expect(way.arrive()).toEqual([notices.moved]);
    expect(way.indexAt(8)).toBe(200n);
    for (let i = 1; i <= 200; i++) expect(way.far[100 + 4 * i + 2]).toBe(i);
  });

  test('joins nothing across a wrap, nor of different indices', () => {
    const way = new Way();
    way.publish(0, 0, 8, 1);
    way.publish(900, 10, 8, 5);
    way.publish(100, 10, 8, 6);
    way.publish(0, 0, 16, 9);
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      while (way.underWay.length > 0) way.arriveNext();
      seen.push([way.far[900], way.far[100], way.indexAt(8), way.indexAt(16)]);
      way.flow.hear(notices.seen);
    }
    expect(seen).toEqual([
      [0, 0, 1n, 0n],
      [5, 0, 5n, 0n],
      [5, 6, 6n, 0n],
      [5, 6, 6n, 9n],
    ]);
  });

  test('ends a catch-up behind all that was published before', () => {
    const way = new Way();
    for (let i = 1; i <= 6; i++) way.publish(0, 0, 8 * i, i);
    way.flow.endCatchUp();
    expect(way.flow.catchesUp).toBe(true);
    expect(way.arrive()).toEqual([...new Array(6).fill(notices.moved), notices.catchUp]);
    expect(way.indexAt(48)).toBe(6n);
    expect(way.flow.catchesUp).toBe(false);
  });

  test.each([4, 1024, 2 ** 32 - 8])('puts nothing where no index can be: %d', (offset) => {
    const way = new Way();
    way.publish(0, 0, offset, 7);
    const before = way.far.slice(0, 1008);
    way.underWay.shift()?.();
    expect(way.farFlow.hear(notices.moved)).toBe(false);
    expect(way.far.slice(0, 1008)).toEqual(before);
    expect(way.told).toEqual([notices.seen]);
  });

  test('takes a word of having seen what was never published for nothing', () => {
    const way = new Way();
    expect(way.flow.hear(notices.seen)).toBe(false);
    expect(way.underWay).toEqual([]);
  });
});
