import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemEnvironment } from './environment.ts';

const { clock, random } = systemEnvironment;
const setTimeoutMsMax = 2 ** 31 - 1;
const dayMs = 24 * 3600 * 1000;

describe('the system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('calls back once, after the delay', () => {
    let fired = 0;
    clock.after(100, () => fired++);
    vi.advanceTimersByTime(99);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
    vi.advanceTimersByTime(dayMs);
    expect(fired).toBe(1);
  });

  test.each([setTimeoutMsMax, setTimeoutMsMax + 1, 30 * dayMs, 100 * dayMs])(
    'keeps to a delay of %d ms, although setTimeout cannot',
    (delayMs) => {
      let fired = 0;
      clock.after(delayMs, () => fired++);
      vi.advanceTimersByTime(delayMs - 1);
      expect(fired).toBe(0);
      vi.advanceTimersByTime(1);
      expect(fired).toBe(1);
    },
  );

  test('never calls back early, by its own time, whatever fractions the delay has', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 5000, noNaN: true }), (delayMs) => {
        const startedMs = clock.nowMs();
        let firedAtMs = Number.NEGATIVE_INFINITY;
        clock.after(delayMs, () => {
          firedAtMs = clock.nowMs();
        });
        vi.advanceTimersByTime(Math.ceil(delayMs) + 2);
        expect(firedAtMs - startedMs).toBeGreaterThanOrEqual(delayMs);
      }),
    );
  });

  test('does not call back once cancelled, in any of its steps', () => {
    const fired: string[] = [];
    const short = clock.after(100, () => fired.push('short'));
    const long = clock.after(60 * dayMs, () => fired.push('long'));
    short.cancel();
    vi.advanceTimersByTime(setTimeoutMsMax + dayMs);
    long.cancel();
    long.cancel();
    vi.advanceTimersByTime(60 * dayMs);
    expect(fired).toEqual([]);
  });

  test('nextTurn calls back after what is due', () => {
    const seen: string[] = [];
    clock.nextTurn(() => seen.push('turn'));
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(seen).toEqual(['turn']);
  });
});

describe('a real timer', () => {
  test('lets the process end', () => {
    const before = process.getActiveResourcesInfo().length;
    const timer = clock.after(dayMs, () => undefined);
    expect(process.getActiveResourcesInfo()).toHaveLength(before);
    timer.cancel();
  });

  test('keeps to the order of time: no look goes back', () => {
    let last = clock.nowMs();
    for (let i = 0; i < 1000; i++) {
      const now = clock.nowMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

test('the system’s randomness gives as many bytes as asked, anew each time, and units in [0, 1)', () => {
  expect(random.bytes(0)).toHaveLength(0);
  expect(random.bytes(16)).toHaveLength(16);
  expect(random.bytes(16)).not.toEqual(random.bytes(16));
  for (let i = 0; i < 100; i++) {
    const unit = random.unit();
    expect(unit >= 0 && unit < 1).toBe(true);
  }
});
