// node noticing.js <lease> <steadily | idle | busy>: finds out that its lease has ended. `steadily`: writes on and on, and
// says `writing` first; `idle`: waits for a line on stdin, then writes once; `busy`: at a line says `busy` and keeps its
// thread, so that it hears nothing, then writes once. Says `noticed` with what that failed with, how long the operation
// took to fail, and how long before its end the last one had succeeded.
import { MemBuilder } from '#sdk';
import { keepBusy } from '../../sdk/conformance/home-methods.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const busyMs = 1500;
const lease = await MemBuilder.attach(argument(0), { slot: false });
const bytes = new Uint8Array(64).fill(0xee);
let succeededAtMs = 0;

async function write(): Promise<void> {
  await lease.mem().write(0, bytes);
  succeededAtMs = performance.now();
}

const ways: Readonly<Record<string, () => Promise<void>>> = {
  steadily: async () => say('writing'),
  idle: async () => void (await hear()),
  busy: async () => {
    await hear();
    say('busy');
    keepBusy(busyMs);
  },
};

await write();
say('attached', { plane: lease.plane });
await ways[argument(1)]?.();
for (;;) {
  const fromMs = performance.now();
  try {
    await write();
  } catch (error) {
    const nowMs = performance.now();
    const [tookMs, sinceSuccessMs] = [nowMs - fromMs, nowMs - succeededAtMs];
    say('noticed', { ...errorFacts(error), tookMs, sinceSuccessMs, status: lease.status });
    break;
  }
}
await hear();
