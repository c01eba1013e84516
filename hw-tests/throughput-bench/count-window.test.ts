import { describe, expect, test } from 'vitest';
import { CountWindow } from './count-window.ts';

const effort = { rampMs: 100, windowMs: 300, windowMsMax: 1000 };

function counted(window: CountWindow, times: number): void {
  for (let index = 0; index < times; index++) window.count();
}

/** Started at 0 and past its ramp, in which it counted 5. */
function openWindow(countMin: number): CountWindow {
  const window = new CountWindow(effort, countMin);
  window.start(0);
  counted(window, 5);
  window.look(100);
  return window;
}

describe('a window', () => {
  test('counts from the end of its ramp to its own end, and nothing before or after', () => {
    const window = openWindow(0);
    counted(window, 6);
    window.look(400);
    counted(window, 7);
    expect(window.result(9999)).toEqual({ count: 6, elapsedMs: 300, isWhole: true });
  });

  test('is over as long after its end as its ramp took', () => {
    const window = openWindow(0);
    window.look(400);
    window.look(499);
    expect(window.isOver).toBe(false);
    window.look(500);
    expect(window.isOver).toBe(true);
  });

  test('stays open for what it wants to count', () => {
    const window = openWindow(3);
    counted(window, 2);
    window.look(700);
    counted(window, 1);
    window.look(800);
    expect(window.result(9999)).toEqual({ count: 3, elapsedMs: 700, isWhole: true });
  });

  test('but not for ever', () => {
    const window = openWindow(3);
    counted(window, 2);
    window.look(1100);
    counted(window, 1);
    expect(window.result(9999)).toEqual({ count: 2, elapsedMs: 1000, isWhole: true });
  });

  test('that the load did not outlast has counted up to the load’s end', () => {
    const window = openWindow(0);
    counted(window, 4);
    expect(window.result(150)).toEqual({ count: 4, elapsedMs: 50, isWhole: false });
  });

  test('that never opened has counted from the start', () => {
    const window = new CountWindow(effort, 0);
    window.start(0);
    counted(window, 3);
    expect(window.result(99)).toEqual({ count: 3, elapsedMs: 99, isWhole: false });
  });

  test('reads the clock itself where counts never let a timer run', () => {
    const window = new CountWindow({ rampMs: 1, windowMs: 1, windowMsMax: 1 }, 0);
    window.start(performance.now());
    while (!window.isOver) window.count();
    expect(window.result(0).elapsedMs).toBeGreaterThanOrEqual(1);
  });
});
