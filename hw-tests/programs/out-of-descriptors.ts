// node out-of-descriptors.js: acquires a lease, takes every descriptor that is left, and says how acquiring another went.
import { closeSync, openSync } from 'node:fs';
import { MemBuilder } from '#sdk';
import { sayOutcome } from './voice.ts';

const first = await new MemBuilder().acquire();

function takeAll(): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    return taken;
  }
}

const taken = takeAll();
await sayOutcome('acquired', () => new MemBuilder().acquire());
for (const fd of taken) closeSync(fd);
await first.release();
