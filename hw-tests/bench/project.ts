// Where the project's files are, seen from the sources and from dist alike.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** A file of the source tree: tsc copies only what it compiles. */
export function sourceFile(path: string): string {
  return join(root, path);
}

/** A compiled program of a bench. Node 20 runs no TypeScript, so it is always the one in dist. */
export function childProgram(name: string, bench: 'bench' | 'throughput-bench' = 'bench'): string {
  return join(root, 'dist/hw-tests', bench, `${name}.js`);
}

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('the bench is not inside a package');
  return findRoot(parent);
}
