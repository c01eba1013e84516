// The timed loops over an operation on a lease's bytes. measure-await.ts has them for calls, whose replies can be
// compared; here an operation says itself whether it did what it should.
import {
  differences,
  LEAD_IN_CALLS,
  type Meter,
  nanoseconds,
  type RoundOrder,
  type RoundSamples,
  touchedArray,
} from '../bench/meter.ts';

export interface Operation {
  /** Once. */
  run(): Promise<unknown>;
  /** Rejects if what was run so far has not had its effect, whole. */
  check(): Promise<void>;
  /** How many are under way at once where the rate is measured; one after the other where their time is. */
  readonly inFlight: number;
}

export function meterOperation(operation: Operation): Meter {
  return {
    warm: async (_bytes, durationMs) => {
      const start = performance.now();
      let runs = 0;
      while (runs < LEAD_IN_CALLS || performance.now() - start < durationMs) {
        await operation.run();
        runs++;
      }
      return nanoseconds(performance.now() - start) / runs;
    },
    round: (order) => measure(operation, order),
    idle: async () => {
      const start = performance.now();
      await operation.run();
      return nanoseconds(performance.now() - start);
    },
  };
}

async function measure(operation: Operation, order: RoundOrder): Promise<RoundSamples> {
  const stamps = touchedArray(order.singles + 1);
  await operation.check();
  await timeSingles(operation, stamps);
  const start = performance.now();
  await runMany(operation, order.untimed);
  const untimedNs = nanoseconds(performance.now() - start);
  await operation.check();
  return { batchNs: [], singleNs: differences(stamps), untimedNs };
}

async function timeSingles(operation: Operation, stamps: Float64Array): Promise<void> {
  stamps[0] = performance.now();
  for (let index = 1; index < stamps.length; index++) {
    await operation.run();
    stamps[index] = performance.now();
  }
}

/** So many, as many at once as the operation wants. */
async function runMany(operation: Operation, runs: number): Promise<void> {
  let begun = 0;
  const runInTurn = async () => {
    while (begun < runs) {
      begun++;
      await operation.run();
    }
  };
  await Promise.all(Array.from({ length: operation.inFlight }, runInTurn));
}
