// The timed loops over a synchronous call. One process measures one contender, so that these loops see one
// callee. floor.c has the same loops in C, measure-await.ts the same with await.
import type { SyncCall } from './echo-plane.ts';
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

export function meterSync(call: SyncCall): Meter {
  return {
    warm: async (bytes, durationMs) => {
      let bestNs = Number.POSITIVE_INFINITY;
      for (let slice = 0; slice < WARM_SLICES; slice++) {
        bestNs = Math.min(bestNs, meanNs(call, bytes, durationMs / WARM_SLICES));
      }
      return bestNs;
    },
    round: async (order) => measure(call, order),
    idle: async (bytes) => {
      const payload = patternOf(bytes, 1);
      const start = performance.now();
      const reply = call(payload);
      const elapsedNs = nanoseconds(performance.now() - start);
      checkReply(payload, reply);
      return elapsedNs;
    },
  };
}

function meanNs(call: SyncCall, bytes: number, durationMs: number): number {
  const payload = patternOf(bytes, 0);
  const start = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    callMany(call, payload, BATCH_CALLS);
    calls += BATCH_CALLS;
    elapsedMs = performance.now() - start;
  }
  return (elapsedMs * 1e6) / calls;
}

function measure(call: SyncCall, order: RoundOrder): RoundSamples {
  const batches = touchedArray(order.batches);
  const stamps = touchedArray(order.singles + 1);
  const payload = patternOf(order.bytes, 0);
  callVerified(call, order.bytes, LEAD_IN_CALLS);
  timeBatches(call, payload, batches);
  timeSingles(call, payload, stamps);
  const start = performance.now();
  callMany(call, payload, order.untimed);
  const untimedNs = nanoseconds(performance.now() - start);
  callVerified(call, order.bytes, 1);
  return { batchNs: Array.from(batches, nanoseconds), singleNs: differences(stamps), untimedNs };
}

function callVerified(call: SyncCall, bytes: number, calls: number): void {
  for (let index = 0; index < calls; index++) {
    const payload = patternOf(bytes, index);
    checkReply(payload, call(payload));
  }
}

function callMany(call: SyncCall, payload: Uint8Array, calls: number): void {
  for (let index = 0; index < calls; index++) checkLength(payload, call(payload));
}

function timeBatches(call: SyncCall, payload: Uint8Array, batches: Float64Array): void {
  for (let index = 0; index < batches.length; index++) {
    const start = performance.now();
    for (let inBatch = 0; inBatch < BATCH_CALLS; inBatch++) checkLength(payload, call(payload));
    batches[index] = performance.now() - start;
  }
}

function timeSingles(call: SyncCall, payload: Uint8Array, stamps: Float64Array): void {
  stamps[0] = performance.now();
  for (let index = 1; index < stamps.length; index++) {
    checkLength(payload, call(payload));
    stamps[index] = performance.now();
  }
}
