// Whether a report can be written, asked before the minutes of measuring, not after them.
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { STDOUT, UsageError } from './options.ts';

/** Throws UsageError, which names the option. */
export function checkWritable(option: string, file: string | undefined): void {
  if (file === undefined || file === STDOUT) return;
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option}: cannot write '${file}'`, { cause: error });
  }
}
