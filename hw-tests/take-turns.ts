// Tests of nodes take turns with each other: several rigs at once are too many for most machines. So do tests of this
// machine's processes, none of which should be slow because of another. Tests that only compute, and those of a single
// node, stand beside them, and have what time these leave.
import { setPriority } from 'node:os';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { withLock } from './rig/cache.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which tests take turns, by their paths: those of one kind with each other. */
    turns: Readonly<Record<'nodes' | 'processes', string>>;
  }
}

/** Beyond what all of them take together. */
const turnMsMax = 1_800_000;
/** As nice(2) counts: a tenth of the time of one that has its turn. Each file has a process of its own. */
const besideTheTurn = 10;

const path = expect.getState().testPath ?? '';
const [kind] = Object.entries(inject('turns')).find(([, pattern]) => new RegExp(pattern).test(path)) ?? [];

if (kind === undefined) {
  setPriority(besideTheTurn);
} else {
  let end: (() => void) | undefined;
  beforeAll(
    () =>
      new Promise<void>((begin, fail) => {
        const turn = () =>
          new Promise<void>((resolve) => {
            end = resolve;
            begin();
          });
        withLock(`tests-of-${kind}.lock`, turn).catch(fail);
      }),
    turnMsMax,
  );
  afterAll(() => end?.());
}
