// The timed loops over an awaited call. One process measures one contender, so that these loops see one
// callee. floor.c has the same loops in C, measure-sync.ts the same without await.
import type { AsyncCall } from './echo-plane.ts';
import {
  BATCH_CALLS,
  checkLength,
  checkReply,
  differences,
  LEAD_IN_CALLS,
  type Meter,
  nanoseconds,
  patternOf,
  type RoundOrder,
  type RoundSamples,
  touchedArray,
  WARM_SLICES,
} from './meter.ts';

export function meterAwait(call: AsyncCall): Meter {
  return {
    warm: async (bytes, durationMs) => {
      let bestNs = Number.POSITIVE_INFINITY;
      for (let slice = 0; slice < WARM_SLICES; slice++) {
        bestNs = Math.min(bestNs, await meanNs(call, bytes, durationMs / WARM_SLICES));
      }
      return bestNs;
    },
    round: async (order) => measure(call, order),
    idle: async (bytes) => {
      const payload = patternOf(bytes, 1);
      const start = performance.now();
      const reply = await call(payload);
      const elapsedNs = nanoseconds(performance.now() - start);
      checkReply(payload, reply);
      return elapsedNs;
    },
  };
}

async function meanNs(call: AsyncCall, bytes: number, durationMs: number): Promise<number> {
  const payload = patternOf(bytes, 0);
  const start = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    await callMany(call, payload, BATCH_CALLS);
    calls += BATCH_CALLS;
    elapsedMs = performance.now() - start;
  }
  return (elapsedMs * 1e6) / calls;
}

async function measure(call: AsyncCall, order: RoundOrder): Promise<RoundSamples> {
  const batches = touchedArray(order.batches);
  const stamps = touchedArray(order.singles + 1);
  const payload = patternOf(order.bytes, 0);
  await callVerified(call, order.bytes, LEAD_IN_CALLS);
  await timeBatches(call, payload, batches);
  await timeSingles(call, payload, stamps);
  const start = performance.now();
  await callMany(call, payload, order.untimed);
  const untimedNs = nanoseconds(performance.now() - start);
  await callVerified(call, order.bytes, 1);
  return { batchNs: Array.from(batches, nanoseconds), singleNs: differences(stamps), untimedNs };
}

async function callVerified(call: AsyncCall, bytes: number, calls: number): Promise<void> {
  for (let index = 0; index < calls; index++) {
    const payload = patternOf(bytes, index);
    checkReply(payload, await call(payload));
  }
}

async function callMany(call: AsyncCall, payload: Uint8Array, calls: number): Promise<void> {
  for (let index = 0; index < calls; index++) checkLength(payload, await call(payload));
}

async function timeBatches(call: AsyncCall, payload: Uint8Array, batches: Float64Array): Promise<void> {
  for (let index = 0; index < batches.length; index++) {
    const start = performance.now();
    for (let inBatch = 0; inBatch < BATCH_CALLS; inBatch++) checkLength(payload, await call(payload));
    batches[index] = performance.now() - start;
  }
}

async function timeSingles(call: AsyncCall, payload: Uint8Array, stamps: Float64Array): Promise<void> {
  stamps[0] = performance.now();
  for (let index = 1; index < stamps.length; index++) {
    checkLength(payload, await call(payload));
    stamps[index] = performance.now();
  }
}
