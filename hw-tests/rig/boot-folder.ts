// The temporary folder of a rig: sockets, consoles, the initial RAM file system. A child that ignores signals waits for its
// owner's end, however that comes, and removes it then. What even that missed is swept by the next rig that starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'leasewire-rig-';
const OWNER = 'owner';
/** Twice: a virtual machine that dies at the same moment may still make a file. */
const WAIT_AND_REMOVE = 'trap "" INT TERM HUP; cat > /dev/null; rm -rf "$0" || { sleep 1; rm -rf "$0"; }';

export class BootFolder {
  readonly path: string;
  readonly #janitor: ChildProcess;

  constructor() {
    sweepAbandoned();
    this.path = mkdtempSync(join(tmpdir(), PREFIX));
    writeFileSync(join(this.path, OWNER), `${process.pid} ${startTicksOf(process.pid)} ${pidNamespace()}`);
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
  const owner = readQuietly(join(folder, OWNER))?.split(' ') ?? [];
  const [pid, startTicks, namespace] = owner;
  // Not yet named, or another user's, or seen from another container: not for us to judge.
  if (namespace === undefined || namespace !== pidNamespace()) return false;
  return startTicksOf(Number(pid)) !== startTicks;
}

/** When that process started: numbers come back, but not at the same time. Undefined when there is none. */
function startTicksOf(pid: number): string | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  // The name, in parentheses, can hold anything. After it, the state is field 3, the start time field 22.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' ? undefined : fields[18];
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
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
