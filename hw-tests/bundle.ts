// Runs before the tests: bundles the programs that nodes of the rig run. An emulated processor takes 2 s for the 200
// modules of the project, which is what most programs of the tests do longest; bundled they are a tenth of that. Nothing
// else about them changes: native code, and the modules that load it, stay where they are.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { rolldown } from 'rolldown';
import { sourceFile } from './bench/project.ts';

const dist = sourceFile('dist');

function programs(): string[] {
  const inFolder = readdirSync(`${dist}/hw-tests/programs`).filter((file) => file.endsWith('.js'));
  const ownPrograms = inFolder.map((file) => `hw-tests/programs/${basename(file, '.js')}`);
  return [...ownPrograms, 'hw-tests/verbs/scenario', 'hw-tests/verbs/worker', 'sdk/conformance/home-program'];
}

/** Each has its path in `dist/bundled`, as it has in `dist`. Where nothing is compiled yet, what needs it says so. */
export async function setup(): Promise<void> {
  if (!existsSync(`${dist}/hw-tests/programs`)) return;
  const bundle = await rolldown({
    cwd: sourceFile('.'),
    input: Object.fromEntries(programs().map((path) => [path, `${dist}/${path}.js`])),
    platform: 'node',
    external: ['#native', 'ffi-rs', 'vitest'],
  });
  rmSync(`${dist}/bundled`, { recursive: true, force: true });
  await bundle.write({ dir: `${dist}/bundled`, entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' });
  await bundle.close();
}
