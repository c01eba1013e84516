// What the process tests share: a private run-time directory for each test file, and where compiled programs are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist: string = join(import.meta.dirname, '../../dist');

/** A compiled program, by its path in the source tree without suffix. Node 20 runs no TypeScript. */
export function compiled(path: string): string {
  return join(dist, `${path}.js`);
}

/**
 * Gives this process, and whatever it spawns, a run-time directory of its own; removes it when the process ends. To be
 * called before the public API is used.
 */
export function privateRuntimeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'leasewire-test-'));
  process.env['LEASEWIRE_RUNTIME_DIR'] = directory;
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
