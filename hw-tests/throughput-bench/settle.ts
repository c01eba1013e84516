// Lets a process come to rest before its memory is looked at. Its program is started with --expose-gc.
import { setTimeout } from 'node:timers/promises';

const REST_MS = 100;

export async function settle(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('a process that is to settle needs --expose-gc');
  await setTimeout(REST_MS);
  globalThis.gc();
  globalThis.gc(); // what finalizers of the first let go of
}
