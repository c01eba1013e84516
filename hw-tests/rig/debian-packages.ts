// What the rig needs of Debian: what is missing is installed where this user may, and named where not.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './cache.ts';
import { RigUnavailable } from './errors.ts';
import { runTool, toolPath } from './tool.ts';

const BUSYBOX = 'busybox';
const PACKAGES_LOCK = 'packages.lock';
const UPDATE = ['-qq', 'update'] as const;

/** A program, or a file by its whole path, that tells whether the package is there. */
export type Packages = Readonly<Record<string, string>>;

const rigPackages: Packages = {
  'qemu-system-x86': 'qemu-system-x86_64',
  kmod: 'modprobe',
  iproute2: 'rdma',
  'iputils-ping': 'ping',
  'ibverbs-utils': 'ibv_devinfo',
  'ibverbs-providers': '/etc/libibverbs.d/rxe.driver',
  perftest: 'ib_write_lat',
  'g++': 'g++',
  'busybox-static': BUSYBOX,
};

/** What virtual machines take. Rejects with RigUnavailable, ToolFailed. */
export async function ensureRigPackages(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new RigUnavailable(`the rig needs Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  }
  await ensurePackages(rigPackages);
}

/** Installs what is missing. Rejects with RigUnavailable, ToolFailed. */
export async function ensurePackages(packages: Packages): Promise<void> {
  if (missingOf(packages).length === 0) return;
  await withLock(PACKAGES_LOCK, async () => {
    const missing = missingOf(packages);
    if (missing.length > 0) await install(missing);
  });
}

/** Where this user may: a fresh machine has none, and an old one's lead nowhere. */
export async function updatePackageLists(): Promise<void> {
  if (process.getuid?.() === 0) await withLock(PACKAGES_LOCK, () => runTool('apt-get', UPDATE));
}

function missingOf(packages: Packages): string[] {
  const isThere = (sign: string) => (sign === BUSYBOX ? staticBusybox() : findProgram(sign)) !== undefined;
  return Object.keys(packages).filter((name) => !isThere(packages[name] ?? ''));
}

/** Debian's plain busybox will not do: there is no libc yet where this one runs. */
export function staticBusybox(): string | undefined {
  const path = findProgram(BUSYBOX);
  return path === undefined || readFileSync(path).includes('/ld-linux') ? undefined : path;
}

function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  return toolPath
    .split(':')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function install(missing: readonly string[]): Promise<void> {
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
    throw new RigUnavailable(`the rig needs ${missing.join(', ')}. On Debian, as root: ${command}`);
  }
  await runTool('apt-get', UPDATE);
  const options = ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  await runTool('apt-get', [...options, 'install', ...missing], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
}
