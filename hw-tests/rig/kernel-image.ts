// Debian's kernel, downloaded and unpacked into the cache, never installed. The newest that is there is taken; to go to a
// newer one, remove its folder.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addToCache, cacheFolder, withLock } from './cache.ts';
import { RigUnavailable } from './errors.ts';
import { runTool } from './tool.ts';

/** Depends on the full image. The cloud image, a package of its own, has no rxe. */
const META_PACKAGE = 'linux-image-amd64';

export interface KernelImage {
  /** As `uname -r` says it. */
  readonly version: string;
  readonly vmlinuz: string;
  /** Contains lib/modules. */
  readonly root: string;
}

export async function ensureKernelImage(): Promise<KernelImage> {
  return cachedImage() ?? withLock('kernel.lock', async () => cachedImage() ?? fetchImage());
}

function cachedImage(): KernelImage | undefined {
  const versions = readdirSync(cacheFolder()).filter((name) => /^\d.*-amd64$/.test(name));
  const [version] = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return version === undefined ? undefined : imageOf(version);
}

function imageOf(version: string): KernelImage {
  const root = join(cacheFolder(), version);
  return { version, root, vmlinuz: join(root, 'boot', `vmlinuz-${version}`) };
}

async function fetchImage(): Promise<KernelImage> {
  const name = await imagePackage();
  const version = name.replace(/^linux-image-/, '');
  await addToCache(version, async (folder) => {
    await runTool('apt-get', ['-qq', 'download', name], { cwd: folder });
    const [archive] = readdirSync(folder).filter((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new RigUnavailable(`apt-get download ${name} left no package`);
    await runTool('dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    await runTool('depmod', ['-b', folder, version]);
    rmSync(join(folder, archive));
  });
  return imageOf(version);
}

async function imagePackage(): Promise<string> {
  const found = (await dependencies()) ?? (await updated(dependencies));
  if (found === undefined) throw new RigUnavailable(`apt knows no ${META_PACKAGE}`);
  return found;
}

async function dependencies(): Promise<string | undefined> {
  const text = await runTool('apt-cache', ['depends', META_PACKAGE]).catch(() => '');
  return /Depends: (linux-image-\d\S*)/.exec(text)?.[1];
}

/** A fresh machine has no package lists. */
async function updated<T>(body: () => Promise<T>): Promise<T> {
  if (process.getuid?.() === 0) await runTool('apt-get', ['-qq', 'update']);
  return body();
}
