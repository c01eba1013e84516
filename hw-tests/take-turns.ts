// Tests of real processes and of nodes take turns with each other: several at once are too many for most machines, and
// none of them should be slow because of another. Tests that only compute, and those of a single node, stand beside them,
// and have what time these leave.
import { setPriority } from 'node:os';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { withLock } from './rig/cache.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which tests take turns, by their paths. */
    inTurn: string;
  }
}

/** Beyond what all of them take together. */
const turnMsMax = 1_800_000;
/** As nice(2) counts: a tenth of the time of one that has its turn. Each file has a process of its own. */
const besideTheTurn = 10;

if (new RegExp(inject('inTurn')).test(expect.getState().testPath ?? '')) {
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
    turnMsMax,
  );
  afterAll(() => end?.());
} else {
  setPriority(besideTheTurn);
}
