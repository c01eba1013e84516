import { expect, test } from 'vitest';
import { VirtualClock } from '#sim';
import { DeadlineExceeded } from './errors.ts';
import { within } from './time-limit.ts';

const clock = new VirtualClock({ readMs: 0 });

test('what comes in time comes as it is, and leaves no timer', async () => {
  expect(await within(clock, 10, 'it', Promise.resolve(7))).toBe(7);
  await expect(within(clock, 10, 'it', Promise.reject(new TypeError('so')))).rejects.toThrow(TypeError);
  expect(clock.pending).toBe(0);
});

test('what does not is DeadlineExceeded, and may fail later without anybody minding', async () => {
  let fail: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const waiting = within(clock, 10, 'an answer', late);
  await expect(clock.run(waiting)).rejects.toThrow(new DeadlineExceeded('an answer took more than 10 ms'));
  fail(new Error('late'));
  await clock.settle();
});
