import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Unsupported } from '#bridge';
import { LiveClock } from './live-clock.ts';

let clock: LiveClock;
let happened: string[];

beforeEach(() => {
  clock = new LiveClock();
  happened = [];
});

const note = (what: string) => () => {
  happened.push(what);
};

/** What keeps this process alive now. */
const timersThatCount = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('time', () => {
  test('goes with the real clock', async () => {
    const look = () => ({ beforeMs: performance.now(), nowMs: clock.nowMs(), afterMs: performance.now() });
    const from = look();
    await new Promise<void>((resolve) => clock.after(5, resolve));
    const to = look();
    const passedMs = to.nowMs - from.nowMs;
    expect(passedMs).toBeGreaterThanOrEqual(5);
    expect(passedMs).toBeGreaterThanOrEqual(to.beforeMs - from.afterMs);
    expect(passedMs).toBeLessThanOrEqual(to.afterMs - from.beforeMs);
  });

  test('goes ahead when told to, and never back', async () => {
    const fromMs = clock.nowMs();
    await clock.advance(3_600_000);
    const laterMs = clock.nowMs();
    expect(laterMs - fromMs).toBeGreaterThanOrEqual(3_600_000);
    await clock.advance(0);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(laterMs);
  });
});

describe('events', () => {
  test('of one instant happen in order, each with its microtasks before the next', async () => {
    clock.after(0, () => {
      happened.push('first');
      void Promise.resolve().then(note('its microtask'));
    });
    clock.nextTurn(note('second'));
    await new Promise<void>((resolve) => clock.nextTurn(resolve));
    expect(happened).toEqual(['first', 'its microtask', 'second']);
  });

  test('see, when time goes ahead, the time at which they were due', async () => {
    const fromMs = clock.nowMs();
    clock.after(1000, () => {
      happened.push(`second ${Math.floor((clock.nowMs() - fromMs) / 1000)}`);
      clock.after(1000, () => happened.push(`second ${Math.floor((clock.nowMs() - fromMs) / 1000)}`));
    });
    await clock.advance(60_000);
    expect(happened).toEqual(['second 1', 'second 2']);
  });

  test('happen in the order in which they are due, those cancelled not at all', async () => {
    const plan = fc.array(fc.record({ delayMs: fc.nat(100_000), cancelled: fc.boolean() }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(plan, async (events) => {
        const live = new LiveClock();
        const seen: number[] = [];
        const timers = events.map(({ delayMs }) => live.after(1000 + delayMs, () => seen.push(delayMs)));
        for (const [index, { cancelled }] of events.entries()) if (cancelled) timers[index]?.cancel();
        await live.advance(200_000);
        const expected = events.filter(({ cancelled }) => !cancelled).map(({ delayMs }) => delayMs);
        expect(seen).toEqual(expected.sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  test('that are far off are not due before their time, whatever else is', async () => {
    clock.after(3_600_000, note('far'));
    await new Promise<void>((resolve) => clock.after(1, resolve));
    await new Promise<void>((resolve) => clock.nextTurn(resolve));
    expect(happened).toEqual([]);
    await clock.advance(3_600_000);
    expect(happened).toEqual(['far']);
  });
});

describe('a thread that blocks', () => {
  test('lets events happen until what it waits for has', () => {
    let done = false;
    clock.after(0, note('one'));
    clock.after(2, () => {
      done = true;
    });
    clock.after(1000, note('later'));
    clock.runBlocking(() => done, 10_000);
    expect(happened).toEqual(['one']);
  });

  test('waits no longer than it wants to', () => {
    const fromMs = clock.nowMs();
    clock.runBlocking(() => false, 5);
    const tookMs = clock.nowMs() - fromMs;
    expect(tookMs).toBeGreaterThanOrEqual(5);
    expect(tookMs).toBeLessThan(1000);
  });

  test('is told that nothing ever happens, also where it looks again and again', () => {
    const spin = () => {
      for (;;) clock.runBlocking(() => false, 0);
    };
    expect(spin).toThrow(Unsupported);
    expect(() => clock.runBlocking(() => false, Number.POSITIVE_INFINITY)).toThrow(Unsupported);
  });
});

describe('the process', () => {
  test('lives while somebody keeps it, and not for what is only planned', () => {
    const before = timersThatCount();
    clock.after(1000, note('planned'));
    expect(timersThatCount()).toBe(before);
    const keepers = [{}, {}];
    for (const keeper of keepers) clock.keepAlive(keeper, true);
    expect(timersThatCount()).toBe(before + 1);
    for (const keeper of keepers) clock.keepAlive(keeper, false);
    expect(timersThatCount()).toBe(before);
  });
});
