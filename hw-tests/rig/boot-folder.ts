// The temporary folder of a rig: sockets, consoles, the initial RAM file system. A child that ignores signals waits for its
// owner's end, however that comes, and removes it then. What even that missed is swept by the next rig that starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'leasewire-rig-';
const OWNER = 'owner';
const WAIT_AND_REMOVE = 'trap "" INT TERM HUP; cat > /dev/null; rm -rf "$0"';

export class BootFolder {
  readonly path: string;
  readonly #janitor: ChildProcess;

  constructor() {
    sweepAbandoned();
    this.path = mkdtempSync(join(tmpdir(), PREFIX));
    writeFileSync(join(this.path, OWNER), identityOf(process.pid) ?? '');
    this.#janitor = spawn('sh', ['-c', WAIT_AND_REMOVE, this.path], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#janitor.unref();
  }

  file(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    this.#janitor.stdin?.end();
  }
}

/** Kills what still runs in folders whose owners are gone, and removes them. */
export function sweepAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    if (!isAbandoned(folder)) continue;
    for (const pid of runningIn(folder)) killQuietly(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

function isAbandoned(folder: string): boolean {
  const owner = readQuietly(join(folder, OWNER));
  // Without an owner's name it is being made this moment, or another user's.
  if (owner === undefined || owner === '') return false;
  return identityOf(Number(owner.split(' ')[0])) !== owner;
}

/** Number and start time: numbers come back. Undefined when there is no such process. */
function identityOf(pid: number): string | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  // The name, in parentheses, can hold anything. The start time is field 22, the state field 3.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : `${pid} ${fields[19]}`;
}

/** The virtual machines that have this folder on their command lines. */
function runningIn(folder: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    const words = readQuietly(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
    return /qemu-system/.test(words[0] ?? '') && words.some((word) => word.includes(`${folder}/`));
  });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile, or not ours.
  }
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
