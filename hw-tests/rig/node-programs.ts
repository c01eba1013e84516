// The project's compiled programs on a node: by their path in the source tree without suffix, as an argument of `node` in
// the project's folder there.
import { hostsOfEnvironment } from './real-hosts.ts';

export function compiledProgram(path: string): string {
  return `dist/${path}.js`;
}

/** The same for tests, with nearly all in one file, which virtual nodes load in a third of the time (../bundle.ts). */
export function bundledProgram(path: string): string {
  return hostsOfEnvironment() === '' ? `dist/bundled/${path}.js` : compiledProgram(path);
}
