// What the process tests share: a private run-time directory for each test file, and where compiled programs are.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const dist: string = join(import.meta.dirname, '../../dist');

/** A compiled program, by its path in the source tree without suffix. Node 20 runs no TypeScript. */
export function compiled(path: string): string {
  return join(dist, `${path}.js`);
}

/**
 * Gives this process, and whatever it spawns, a run-time directory of its own, for as long as the tests of this file run: the
 * process that they run in is killed after them, and sees no exit. To be called before the public API is used.
 */
export function privateRuntimeDirectory(): string {
  const directory = join(tmpdir(), `leasewire-test-${randomUUID()}`);
  process.env['LEASEWIRE_RUNTIME_DIR'] = directory;
  beforeAll(() => mkdirSync(directory, { mode: 0o700 }));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
