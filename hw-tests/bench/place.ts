// What a bench run leaves behind unless it is cleared: its child processes and its temporary directory.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineProcess, spawnChild } from './line-process.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Place {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'leasewire-bench-'));
  readonly #processes: LineProcess[] = [];

  /** A directory of its own, readable by this user only. */
  subdirectory(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** Starts a child whose first reply says that it is ready. */
  start(name: string, command: string, args: readonly string[]): LineProcess {
    const child = new LineProcess(name, spawnChild(command, args));
    this.#processes.push(child);
    return child;
  }

  /** Synchronous, so that it runs in an exit handler too. */
  clear(): void {
    for (const child of this.#processes) child.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Clears on a signal and on exit, however the bench ends short of SIGKILL (then the children see end of file). */
  clearOnExit(): void {
    process.once('exit', () => this.clear());
    for (const signal of SIGNALS) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]));
    }
  }
}
