// The two kinds of client: one that keeps calls in flight, and one that calls now and then and times it.
import { setTimeout } from 'node:timers/promises';
import type { AsyncCall } from '../bench/echo-plane.ts';
import { checkLength, checkReply, nanoseconds, patternOf } from '../bench/meter.ts';
import { CountWindow, type WindowCount } from './count-window.ts';
import type { WindowEffort } from './effort.ts';

/** How often the clock is looked at where answers are rare. */
const LOOK_MS = 5;

export interface LoadOrder extends WindowEffort {
  /** How many of the clients that are attached call. */
  readonly active: number;
  /** Of each. */
  readonly inFlight: number;
  readonly bytes: number;
}

export interface PaceOrder {
  readonly bytes: number;
  readonly intervalMs: number;
  /** Calls before are not kept. */
  readonly leadInMs: number;
  readonly durationMs: number;
}

/** Keeps every call's place filled until the window is over. Rejects if an echo is none. */
export async function load(calls: readonly AsyncCall[], order: LoadOrder): Promise<WindowCount> {
  await Promise.all(calls.map((call, index) => verify(call, order.bytes, index)));
  const window = new CountWindow(order, calls.length * order.inFlight);
  const payload = patternOf(order.bytes, 0);
  const lanes = calls.flatMap((call) => Array.from({ length: order.inFlight }, () => fill(call, payload, window)));
  window.start(performance.now());
  const timer = setInterval(() => window.look(performance.now()), LOOK_MS);
  try {
    await Promise.all(lanes);
  } finally {
    clearInterval(timer);
  }
  return window.result(performance.now());
}

/** One call, its echo compared byte by byte. */
export async function verify(call: AsyncCall, bytes: number, seed: number): Promise<void> {
  const payload = patternOf(bytes, seed);
  checkReply(payload, await call(payload));
}

/** One call's place: the next one goes when the last has come back. */
async function fill(call: AsyncCall, payload: Uint8Array, window: CountWindow): Promise<void> {
  while (!window.isOver) {
    checkLength(payload, await call(payload));
    window.count();
  }
}

/** One call at every interval, timed from its own beginning; what is due while one is under way is left out. At least one. */
export async function pace(call: AsyncCall, order: PaceOrder): Promise<readonly number[]> {
  const payload = patternOf(order.bytes, 0);
  const startMs = performance.now();
  const samplesNs: number[] = [];
  for (let dueMs = 0; dueMs < order.leadInMs + order.durationMs || samplesNs.length === 0; ) {
    const elapsedNs = await timed(call, payload);
    if (dueMs >= order.leadInMs) samplesNs.push(elapsedNs);
    const nowMs = performance.now() - startMs;
    dueMs = (Math.floor(nowMs / order.intervalMs) + 1) * order.intervalMs;
    await setTimeout(dueMs - nowMs);
  }
  return samplesNs;
}

async function timed(call: AsyncCall, payload: Uint8Array): Promise<number> {
  const start = performance.now();
  const reply = await call(payload);
  const elapsedNs = nanoseconds(performance.now() - start);
  checkReply(payload, reply);
  return elapsedNs;
}
