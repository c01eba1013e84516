import { expect, test } from 'vitest';
import { shrink } from './shrink.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test.each([[[3]], [[3, 17]], [[0, 8, 9, 19]], [[]]])('leaves just what it takes: %j', async (needed) => {
  const fails = async (part: readonly number[]) => needed.every((each) => part.includes(each));
  expect(await shrink(range(20), fails)).toEqual(needed);
});

test('gives up after so many tries, with a part that fails', async () => {
  let tries = 0;
  const fails = async (part: readonly number[]) => {
    tries += 1;
    return part.includes(63);
  };
  const part = await shrink(range(64), fails, 3);
  expect(part).toContain(63);
  expect(part.length).toBeLessThan(64);
  expect(tries).toBeLessThan(10);
});
