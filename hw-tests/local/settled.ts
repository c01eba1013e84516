// What a death or an end causes elsewhere takes a moment.
import { setTimeout } from 'node:timers/promises';

/** Far beyond what anything takes that is waited for. */
const settleMsMax = 60_000;
const retryMs = 5;

/** Asserts again and again, until it holds. */
export async function settled(assert: () => void | Promise<void>): Promise<void> {
  const giveUpAtMs = performance.now() + settleMsMax;
  for (;;) {
    try {
      return await assert();
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await setTimeout(retryMs);
    }
  }
}
