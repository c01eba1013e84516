// Where the two processes of a contender's queues meet, apart for each size of message.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** It is there when this returns, readable by this user only. */
export function queueDirectory(directory: string, bytes: number): string {
  const path = join(directory, String(bytes));
  mkdirSync(path, { mode: 0o700, recursive: true });
  return path;
}
