import { describe, expect, test } from 'vitest';
import { ProcessClock } from './process-clock.ts';
import { VirtualClock } from './virtual-clock.ts';

test('has its own zero and its own rate', async () => {
  const timeline = new VirtualClock({ readMs: 0 });
  const clock = new ProcessClock(timeline, { offsetMs: 5000, rate: 2 });
  let firedAtMs = 0;
  clock.after(100, () => {
    firedAtMs = timeline.timeMs;
  });
  await timeline.advance(1000);
  expect(clock.nowMs()).toBe(7000);
  expect(firedAtMs).toBe(50);
});

describe('a frozen process', () => {
  test('does nothing, and does it all in order once it goes on', async () => {
    const timeline = new VirtualClock({ readMs: 0 });
    const clock = new ProcessClock(timeline);
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.nowMs()]);
    clock.after(20, note('b'));
    clock.after(10, note('a'));
    clock.after(30, note('cancelled')).cancel();
    const cancelledLate = clock.after(15, note('cancelled late'));
    clock.freeze();
    await timeline.advance(100);
    expect(seen).toEqual([]);
    cancelledLate.cancel();
    clock.nextTurn(note('c'));
    clock.thaw();
    await timeline.settle();
    expect(seen).toEqual([
      ['a', 100],
      ['b', 100],
      ['c', 100],
    ]);
  });

  test('can be frozen again before it has caught up', async () => {
    const timeline = new VirtualClock({ readMs: 0 });
    const clock = new ProcessClock(timeline);
    let fired = 0;
    clock.after(1, () => fired++);
    clock.freeze();
    await timeline.advance(10);
    clock.thaw();
    clock.freeze();
    await timeline.advance(10);
    expect(fired).toBe(0);
    clock.thaw();
    await timeline.settle();
    expect(fired).toBe(1);
  });
});

test('a process that blocks stands still while the others go on', async () => {
  const timeline = new VirtualClock({ readMs: 0 });
  const blocked = new ProcessClock(timeline);
  const other = new ProcessClock(timeline);
  const seen: string[] = [];
  blocked.after(1, () => seen.push('own'));
  other.after(2, () => seen.push('other'));
  blocked.block(() => seen.length > 0, 100);
  expect(seen).toEqual(['other']);
  await timeline.settle();
  expect(seen).toEqual(['other', 'own']);
});
