// Where the rig keeps what is costly to get: kernels and the agent. Shared by all of this user's processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RigUnavailable } from './errors.ts';

export function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'leasewire', 'rig');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** One process at a time. The lock goes with whoever holds it, however that ends: `flock` sees its stdin close. */
export async function withLock<T>(name: string, body: () => Promise<T>): Promise<T> {
  const holder = spawn('sh', ['-c', 'exec 9> "$0" && flock 9 && echo locked && cat', join(cacheFolder(), name)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const ended = once(holder, 'close').then(() => Promise.reject(new RigUnavailable('flock failed')));
    await Promise.race([once(holder.stdout, 'data'), ended]);
    ended.catch(() => undefined);
    return await body();
  } finally {
    holder.stdin.end();
  }
}

/** The path of an entry. It is filled once, and seen as a whole or not at all: `fill` gets a folder, which then takes its name. */
export async function ensureCached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  return withLock(`${name}.lock`, async () => {
    if (!existsSync(target)) await fillAndRename(name, target, fill);
    return target;
  });
}

async function fillAndRename(name: string, target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(cacheFolder(), `.new-${name}`);
  // Of a process that did not come to the end of it.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    await fill(folder);
    renameSync(folder, target);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
