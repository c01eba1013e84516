// The private directory in which the processes of one user find each other:
//
//     <directory>/agents/<agent id>.sock         where an agent listens
//     <directory>/services/<name>/<instance>     what an agent serves (dns/)
//
// Nothing here is believed on sight. A socket that refuses a connection belongs to a dead process, whatever its pid.
import { existsSync, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { CarrierTransport } from '../control/carrier.ts';
import { Disconnected, IoError } from '../errors.ts';
import { type AgentId, isAgentId } from '../lease/lease-id.ts';

const socketSuffix = '.sock';
/** No process takes longer between bind and listen, but for one that is being debugged. By the wall clock, as files are. */
const birthMsMax = 60_000;

/** `LEASEWIRE_RUNTIME_DIR`, or `leasewire` in `XDG_RUNTIME_DIR`, or `leasewire-<uid>` in the temporary directory. */
export function defaultRuntimePath(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['LEASEWIRE_RUNTIME_DIR'];
  if (chosen) return chosen;
  const session = env['XDG_RUNTIME_DIR'];
  if (session) return join(session, 'leasewire');
  return join(tmpdir(), `leasewire-${process.getuid?.()}`);
}

export class RuntimeDirectory {
  readonly path: string;
  readonly agentsPath: string;
  readonly servicesPath: string;

  /** Creates what is missing, mode 0700. Throws IoError if somebody else could get in. */
  constructor(path: string) {
    if (!isAbsolute(path)) throw new IoError(`the runtime directory is an absolute path, not ${path}`);
    this.path = path;
    this.agentsPath = join(path, 'agents');
    this.servicesPath = join(path, 'services');
    for (const directory of [path, this.agentsPath, this.servicesPath]) makePrivate(directory);
  }

  socketPath(agent: AgentId): string {
    return join(this.agentsPath, `${agent}${socketSuffix}`);
  }

  /** Whether an agent has begun to listen here. It may be gone since. */
  hasAgent(agent: AgentId): boolean {
    return existsSync(this.socketPath(agent));
  }

  /** Removes the sockets of agents that are gone, and what agents left that died while they began to listen. */
  sweepAgents(transport: CarrierTransport): void {
    for (const entry of readdirSync(this.agentsPath, { withFileTypes: true })) {
      const path = join(this.agentsPath, entry.name);
      if (!entry.isSocket() || !(isAgentSocket(entry.name) || isOld(path))) continue;
      if (!isAlive(path, transport)) removeIfThere(path);
    }
  }
}

function isAgentSocket(name: string): boolean {
  return name.endsWith(socketSuffix) && isAgentId(name.slice(0, -socketSuffix.length));
}

/** A socket is given its final name once it listens, a moment after it was made: an old one never will be. */
function isOld(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > birthMsMax;
}

/** Whether somebody listens there. Any answer but a refusal counts as alive. */
export function isAlive(socketPath: string, transport: CarrierTransport): boolean {
  try {
    transport.connect(socketPath).close();
    return true;
  } catch (error) {
    return !(error instanceof Disconnected);
  }
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new IoError(`cannot remove ${path}`, { cause });
  }
}

/** Makes a directory that only this user can enter, or checks that it is one. */
export function makePrivate(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new IoError(`cannot create the runtime directory ${path}`, { cause });
  }
  checkPrivate(path);
}

/** Throws IoError unless only this user can enter the directory. */
export function checkPrivate(path: string): void {
  const found = lstatSync(path);
  const mode = (found.mode & 0o777).toString(8);
  if (!found.isDirectory()) throw new IoError(`${path} is not a directory`);
  if (found.uid !== process.getuid?.()) throw new IoError(`${path} belongs to user ${found.uid}`);
  if ((found.mode & 0o077) !== 0) throw new IoError(`${path} has mode ${mode}: others can get in, 700 expected`);
}
