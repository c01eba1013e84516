// How tests use the rig. Where there can be none, they are skipped, and it is said why.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { withLock } from './cache.ts';
import { kernelTroubles } from './kernel-log.ts';
import { Rig, type RigOptions, rigAvailability } from './rig.ts';

const START_MS_MAX = 400_000;
/** Beyond what all tests with a rig take together. */
const TURN_MS_MAX = 1_800_000;

const availability = await rigAvailability();

/** Tests that start rigs of their own, while no others have one of several nodes. */
export function describeWhereRig(name: string, body: () => void): void {
  describeIfRig(name, () => {
    inTurn();
    body();
  });
}

/**
 * Tests that share one rig, whose kernels must have found nothing to complain about by their end. They call `rig` for it.
 * One of several nodes is the only such one at a time; a single node stands beside it.
 */
export function describeOnRig(name: string, options: RigOptions, body: (rig: () => Rig) => void): void {
  describeIfRig(name, () => {
    if (options.nodes > 1) inTurn();
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

function describeIfRig(name: string, body: () => void): void {
  if (!availability.available) console.error(`SKIPPED, no rig: ${name}: ${availability.reason}`);
  describe.skipIf(!availability.available)(name, body);
}

/** Begins when no other tests of this machine have the turn, and keeps it to their end. */
function inTurn(): void {
  let end: (() => void) | undefined;
  beforeAll(
    () =>
      new Promise<void>((begin, fail) => {
        const turn = () =>
          new Promise<void>((resolve) => {
            end = resolve;
            begin();
          });
        withLock('tests.lock', turn).catch(fail);
      }),
    TURN_MS_MAX,
  );
  afterAll(() => end?.());
}
