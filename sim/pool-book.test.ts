import { describe, expect, test } from 'vitest';
import { CapacityExceeded } from '#bridge';
import { PoolBook } from './pool-book.ts';

const holder = 1;
const open = () => new PoolBook({ at: 4096, bytes: 8192 });

describe('memory that is left', () => {
  test('is used again at once, if nobody else was lent it', () => {
    const book = open();
    const { at, number } = book.allocate(4096);
    book.leave(number);
    expect(book.allocate(4096)).toMatchObject({ at, bytes: 4096 });
  });

  test('is fenced until the host that was lent it has confirmed', () => {
    const book = open();
    const { number } = book.allocate(8192);
    book.lend(number, holder);
    book.takeBack(number, holder);
    book.leave(number);
    expect(book.fencedBytes).toBe(8192);
    expect(() => book.allocate(1)).toThrow(CapacityExceeded);
    expect(book.waitingFor(holder, 9)).toMatchObject([{ at: 4096, bytes: 8192, number }]);
    book.confirm(number, holder);
    expect(book.allocate(8192).at).toBe(4096);
  });

  test('is not given up by a word from before it was lent once more', () => {
    const book = open();
    const { number } = book.allocate(8192);
    for (let i = 0; i < 2; i++) book.lend(number, holder);
    book.takeBack(number, holder);
    book.confirm(number, holder);
    book.takeBack(number, holder);
    book.leave(number);
    expect(book.fencedBytes).toBe(8192);
  });

  test('is not given up by a late word on an earlier use', () => {
    const book = open();
    const first = book.allocate(8192);
    book.leave(first.number);
    const second = book.allocate(8192);
    book.lend(second.number, holder);
    book.takeBack(second.number, holder);
    book.leave(second.number);
    book.confirm(first.number, holder);
    expect(book.fencedBytes).toBe(8192);
  });
});

test('the first gap that is large enough is taken', () => {
  const book = open();
  const [a, b] = [book.allocate(4096), book.allocate(2048)];
  book.leave(a.number);
  expect([book.allocate(2048).at, book.allocate(2048).at, book.usedBytes]).toEqual([4096, 6144, b.bytes + 4096]);
});
