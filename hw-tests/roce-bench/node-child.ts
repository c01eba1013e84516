// A process on a node, as LineProcess takes it.
import type { Child } from '../bench/line-process.ts';
import type { NodeProcess } from '../rig/node-process.ts';

export function nodeChild(process: NodeProcess): Child {
  const { stdin, stdout, stderr } = process;
  const ended = process.exited.then(
    ({ code, signal }) => `ended with ${signal ?? `exit code ${code}`}`,
    (error: Error) => error.message,
  );
  return { pid: undefined, stdin, stdout, stderr, ended, kill: () => process.kill('SIGKILL') };
}
