import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

const exact = () => new VirtualClock({ readMs: 0 });

describe('time', () => {
  test('stands still until it is advanced, then moves by as much', async () => {
    const clock = exact();
    expect(clock.nowMs()).toBe(0);
    await clock.advance(12.5);
    expect(clock.nowMs()).toBe(12.5);
    expect(clock.timeMs).toBe(12.5);
  });

  test('passes with each look, so that a loop that waits for it ends', () => {
    const clock = new VirtualClock({ readMs: 0.25 });
    expect([clock.nowMs(), clock.nowMs(), clock.nowMs()]).toEqual([0, 0.25, 0.5]);
    expect(clock.timeMs).toBe(0.75);
    while (clock.nowMs() < 100);
    expect(clock.timeMs).toBeGreaterThanOrEqual(100);
  });

  test('a loop that waits for a time which stands still is found out', () => {
    const clock = exact();
    expect(() => {
      while (clock.nowMs() < 1);
    }).toThrow('stands still');
  });
});

describe('events', () => {
  test('run at their time, in order, and in the order they were made in when together', async () => {
    const delays = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 20 }), dropped: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(delays, async (events) => {
        const clock = exact();
        const seen: { at: number; index: number }[] = [];
        const timers = events.map(({ ms }, index) => clock.after(ms, () => seen.push({ at: clock.nowMs(), index })));
        for (const [index, { dropped }] of events.entries()) if (dropped) timers[index]?.cancel();
        await clock.advance(20);
        const kept = events.flatMap(({ ms, dropped }, index) => (dropped ? [] : [{ at: ms, index }]));
        expect(seen).toEqual(kept.sort((a, b) => a.at - b.at || a.index - b.index));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  test('that are not due yet wait', async () => {
    const clock = exact();
    let fired = 0;
    clock.after(10, () => fired++);
    await clock.advance(9.999);
    expect(fired).toBe(0);
    await clock.advance(0.001);
    expect(fired).toBe(1);
  });

  test('cancelled twice, or after they ran, are no trouble', async () => {
    const clock = exact();
    let fired = 0;
    const timer = clock.after(1, () => fired++);
    clock.after(1, () => fired++);
    await clock.advance(1);
    timer.cancel();
    timer.cancel();
    expect(fired).toBe(2);
  });

  test('nextTurn comes after all that is due already', async () => {
    const clock = exact();
    const seen: string[] = [];
    clock.after(0, () => seen.push('first'));
    clock.nextTurn(() => seen.push('turn'));
    clock.after(0, () => seen.push('second'));
    await clock.settle();
    expect(seen).toEqual(['first', 'turn', 'second']);
  });

  test('nextTurn takes its time, so that what polls without end does not stop it', async () => {
    const clock = new VirtualClock({ readMs: 0.25 });
    let turns = 0;
    const poll = () => {
      turns += 1;
      clock.nextTurn(poll);
    };
    poll();
    await clock.advance(10);
    expect(turns).toBe(41);
  });

  test('each is followed by its microtasks, and by theirs', async () => {
    const clock = exact();
    const seen: string[] = [];
    const deep = async (name: string) => {
      for (let i = 0; i < 50; i++) await undefined;
      seen.push(name);
    };
    clock.after(1, () => void deep('of the first'));
    clock.after(1, () => seen.push('second'));
    await clock.advance(1);
    expect(seen).toEqual(['of the first', 'second']);
  });

  test('that overtake each other by looking at the clock are late, and none is lost', async () => {
    const clock = new VirtualClock({ readMs: 1 });
    const seen: number[] = [];
    clock.after(1, () => {
      for (let i = 0; i < 10; i++) clock.nowMs();
    });
    clock.after(2, () => seen.push(clock.timeMs));
    await clock.advance(5);
    expect(seen).toEqual([11]);
  });

  test('that cause each other at one instant without end are found out', async () => {
    const clock = exact();
    const again = () => clock.nextTurn(again);
    again();
    await expect(clock.settle()).rejects.toThrow('without end');
  });
});

describe('run', () => {
  test('lets as much time pass as a promise takes', async () => {
    const clock = exact();
    const later = new Promise<string>((resolve) => clock.after(1000, () => resolve('done')));
    clock.after(1001, () => expect.unreachable());
    expect(await clock.run(later)).toBe('done');
    expect(clock.timeMs).toBe(1000);
  });

  test('rejects as the promise does', async () => {
    const clock = exact();
    await expect(clock.run(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('says so when nothing is left that could settle it, or when it takes too long', async () => {
    const clock = exact();
    const never = new Promise(() => undefined);
    await expect(clock.run(never)).rejects.toThrow('nothing is left to happen');
    clock.after(1000, () => undefined);
    await expect(clock.run(never, 999)).rejects.toThrow('999 ms have passed');
  });
});

describe('runBlocking', () => {
  test('runs events until the condition holds, without microtasks', () => {
    const clock = exact();
    let woken = false;
    let microtask = false;
    clock.after(5, () => {
      woken = true;
      queueMicrotask(() => {
        microtask = true;
      });
    });
    clock.runBlocking(() => woken, 100);
    expect([clock.timeMs, woken, microtask]).toEqual([5, true, false]);
  });

  test('waits no longer than it was told to', () => {
    const clock = exact();
    clock.runBlocking(() => false, 100);
    expect(clock.timeMs).toBe(100);
  });

  test('for ever, when nothing is left to happen, is found out', () => {
    expect(() => exact().runBlocking(() => false, Number.POSITIVE_INFINITY)).toThrow('for ever');
  });
});

test('a simulation that takes more events than it may is found out', async () => {
  const clock = new VirtualClock({ readMs: 0, eventsMax: 100 });
  const again = () => {
    clock.after(1, again);
  };
  again();
  await clock.advance(90);
  expect(clock.eventsLeft).toBe(10);
  await expect(clock.advance(20)).rejects.toThrow('round in circles');
});

describe('who waits until no thread is blocked', () => {
  test('has his turn at once, where none is', async () => {
    const clock = exact();
    const seen: number[] = [];
    clock.whenUnblocked(() => seen.push(clock.timeMs));
    expect(seen).toEqual([]);
    await clock.settle();
    expect(seen).toEqual([0]);
  });

  test('has it as the last of them goes on, behind what was settled for meanwhile', async () => {
    const clock = exact();
    const seen: string[] = [];
    clock.after(1, () => {
      clock.runBlocking(() => false, 2);
      void Promise.resolve().then(() => seen.push(`settled at ${clock.timeMs}`));
    });
    clock.after(2, () => {
      clock.whenUnblocked(() => seen.push(`unblocked at ${clock.timeMs}`));
      clock.runBlocking(() => false, 3);
    });
    await clock.advance(10);
    expect(seen).toEqual(['settled at 5', 'unblocked at 5']);
  });

  test('waits on, where one is blocked again within the same turn', async () => {
    const clock = exact();
    const seen: number[] = [];
    clock.after(1, () => {
      clock.whenUnblocked(() => seen.push(clock.timeMs));
      clock.runBlocking(() => false, 2);
      clock.runBlocking(() => false, 3);
    });
    await clock.advance(10);
    expect(seen).toEqual([6]);
  });
});
