// node noticing.js <lease of steadily> <of idle> <of busy>: finds out that leases have ended, one after the other, each in its
// way. `steadily`: writes on and on, and says so; `idle`: says so, waits for a line on stdin, then writes once; `busy`: says
// so and keeps its thread, so that it hears nothing, then writes once. Says `noticed` with what that failed with, how long
// the operation took to fail, and how long before its end the last one had succeeded.
import { MemBuilder, type MemLease } from '#sdk';
import { keepBusy } from '../../sdk/conformance/home-methods.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const busyMs = 1500;
const bytes = new Uint8Array(64).fill(0xee);
let lastWriteMs = 0;

const ways: Readonly<Record<string, () => unknown>> = {
  steadily: () => undefined,
  idle: () => hear(),
  busy: () => keepBusy(busyMs),
};

/** Writes until that fails, and says how. */
async function notice(lease: MemLease): Promise<void> {
  let succeededAtMs = lastWriteMs;
  for (;;) {
    const fromMs = performance.now();
    try {
      await lease.mem().write(0, bytes);
    } catch (error) {
      const nowMs = performance.now();
      const [tookMs, sinceSuccessMs] = [nowMs - fromMs, nowMs - succeededAtMs];
      return say('noticed', { ...errorFacts(error), tookMs, sinceSuccessMs, status: lease.status });
    }
    succeededAtMs = performance.now();
  }
}

for (const [index, way] of Object.keys(ways).entries()) {
  const lease = await MemBuilder.attach(argument(index), { slots: 0 });
  await lease.mem().write(0, bytes);
  lastWriteMs = performance.now();
  say(way, { plane: lease.plane });
  await ways[way]?.();
  await notice(lease);
}
await hear();
