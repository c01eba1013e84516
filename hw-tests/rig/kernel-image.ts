// Debian's kernel, downloaded and unpacked into the cache, never installed. The newest that is there is taken; to go to a
// newer one, remove its folder.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCached } from './cache.ts';
import { updatePackageLists } from './debian-packages.ts';
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
  return cachedImage() ?? fetchImage();
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
  await updatePackageLists();
  const name = await imagePackage();
  const version = name.replace(/^linux-image-/, '');
  await ensureCached(version, async (folder) => {
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
  const text = await runTool('apt-cache', ['depends', META_PACKAGE]);
  const name = /Depends: (linux-image-\d\S*)/.exec(text)?.[1];
  if (name === undefined) throw new RigUnavailable(`apt knows no image behind ${META_PACKAGE}: apt-get update`);
  return name;
}
