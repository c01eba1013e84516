// The initial RAM file system of a node: busybox, our first program, and the modules that reading the host's files takes.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { sourceFile } from '../bench/project.ts';
import { encodeCpio } from './cpio.ts';
import type { KernelImage } from './kernel-image.ts';
import { runTool } from './tool.ts';

const needed = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'] as const;

export async function writeInitramfs(path: string, kernel: KernelImage, busybox: string): Promise<void> {
  const modules = await modulePaths(kernel);
  const order = modules.map((module) => `${basename(module)}\n`).join('');
  const archive = encodeCpio([
    { path: 'init', bytes: readFileSync(sourceFile('hw-tests/rig/guest/init.sh')) },
    { path: 'bin/busybox', bytes: readFileSync(busybox) },
    { path: 'modules/order', bytes: Buffer.from(order) },
    ...modules.map((module) => ({ path: `modules/${basename(module)}`, bytes: readFileSync(module) })),
  ]);
  writeFileSync(path, archive);
}

/** In the order in which they load: each after those it needs. */
async function modulePaths({ root, version }: KernelImage): Promise<string[]> {
  const text = await runTool('modprobe', ['-d', root, '-S', version, '--show-depends', '-a', ...needed]);
  const paths = [...text.matchAll(/^insmod (\S+)/gm)].map(([, path]) => path as string);
  return [...new Set(paths)];
}
