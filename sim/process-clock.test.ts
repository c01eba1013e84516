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

describe('a thread that blocks', () => {
  const start = () => {
    const timeline = new VirtualClock({ readMs: 0 });
    return { timeline, clock: new ProcessClock(timeline) };
  };

  test('lets the others go on, and does later what falls due meanwhile', async () => {
    const { timeline, clock } = start();
    const seen: [string, number][] = [];
    timeline.after(5, () => seen.push(['other', clock.timeMs]));
    clock.after(5, () => seen.push(['own', clock.timeMs]));
    clock.preempt(10);
    seen.push(['goes on', clock.timeMs]);
    expect([clock.blocked, clock.behind]).toEqual([false, true]);
    await timeline.settle();
    expect(seen).toEqual([
      ['other', 5],
      ['goes on', 10],
      ['own', 10],
    ]);
    expect(clock.behind).toBe(false);
  });

  test('and is stopped meanwhile goes on when it is let go on, not before', () => {
    const { timeline, clock } = start();
    timeline.after(3, () => clock.freeze());
    timeline.after(50, () => clock.thaw());
    clock.block(() => false, 10);
    expect([timeline.timeMs, clock.frozen]).toEqual([50, false]);
  });

  test('takes no time where none is drawn', () => {
    const { timeline, clock } = start();
    clock.preempt(0);
    expect(timeline.timeMs).toBe(0);
  });
});
