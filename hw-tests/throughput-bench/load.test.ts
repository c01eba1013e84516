import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { load, pace } from './load.ts';

const order = { active: 2, inFlight: 3, bytes: 64, rampMs: 5, windowMs: 10, windowMsMax: 100 };

/** Echoes, and knows how many calls were under way at once. */
class Callee {
  under = 0;
  mostUnder = 0;

  readonly call = async (payload: Uint8Array): Promise<Uint8Array> => {
    this.under++;
    this.mostUnder = Math.max(this.mostUnder, this.under);
    await setImmediate();
    this.under--;
    return payload.slice();
  };
}

describe('load', () => {
  test('keeps every client’s places filled, and waits for the last answer', async () => {
    const callees = [new Callee(), new Callee()];
    const { count, elapsedMs } = await load(
      callees.map(({ call }) => call),
      order,
    );
    expect(callees.map(({ mostUnder }) => mostUnder)).toEqual([3, 3]);
    expect(callees.map(({ under }) => under)).toEqual([0, 0]);
    expect(count).toBeGreaterThanOrEqual(6);
    expect(elapsedMs).toBeGreaterThanOrEqual(10);
  });

  test('ends where answers come without ever letting a timer run', async () => {
    const { count } = await load([async (payload) => payload.slice()], order);
    expect(count).toBeGreaterThan(0);
  });

  test('refuses an echo of other bytes, and one of another length', async () => {
    const zeros = load([async ({ length }) => new Uint8Array(length)], order);
    await expect(zeros).rejects.toThrow(/64 B echoed differ/);
    let calls = 0;
    const shorter = load([async (payload) => payload.slice(calls++ > 0 ? 1 : 0)], order);
    await expect(shorter).rejects.toThrow(/an echo of 63 B came back for 64 B/);
  });
});

describe('pace', () => {
  test('calls one at a time, and leaves out what came due meanwhile', async () => {
    const callee = new Callee();
    const samples = await pace(callee.call, { bytes: 8, intervalMs: 1, leadInMs: 3, durationMs: 20 });
    expect(callee.mostUnder).toBe(1);
    expect(samples.length).toBeGreaterThan(0);
    expect(samples.length).toBeLessThanOrEqual(20);
    for (const sample of samples) expect(sample).toBeGreaterThan(0);
  });

  test('keeps one sample even where the first call outlasts it all', async () => {
    const samples = await pace(new Callee().call, { bytes: 8, intervalMs: 1, leadInMs: 1, durationMs: 0 });
    expect(samples).toHaveLength(1);
  });
});
