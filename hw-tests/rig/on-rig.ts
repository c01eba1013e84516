// How tests use the rig. Where there can be none, they are skipped, and it is said why.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { kernelTroubles } from './kernel-log.ts';
import { Rig, type RigOptions, rigAvailability } from './rig.ts';

const START_MS_MAX = 400_000;

const availability = await rigAvailability();

/** Tests that start rigs of their own. */
export function describeWhereRig(name: string, body: () => void): void {
  if (!availability.available) console.error(`SKIPPED, no rig: ${name}: ${availability.reason}`);
  describe.skipIf(!availability.available)(name, body);
}

/**
 * Tests that share one rig, whose kernels must have found nothing to complain about by their end. They call `rig` for it.
 */
export function describeOnRig(name: string, options: RigOptions, body: (rig: () => Rig) => void): void {
  describeWhereRig(name, () => {
    let running: Rig | undefined;
    beforeAll(async () => {
      running = await Rig.start(options);
    }, START_MS_MAX);
    afterAll(async () => {
      const logs = await Promise.all(running?.nodes.map((node) => node.kernelLog()) ?? []);
      await running?.stop();
      expect(logs.flatMap(kernelTroubles)).toEqual([]);
    });
    body(() => {
      if (running === undefined) throw new Error('the rig did not start');
      return running;
    });
  });
}
