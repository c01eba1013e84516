// The initial RAM file system of a node: busybox, our first program, and the modules that reading the host's files takes.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { sourceFile } from '../bench/project.ts';
import { type ArchiveFile, encodeCpio } from './cpio.ts';
import type { KernelImage } from './kernel-image.ts';
import type { Preparation } from './preparation.ts';
import { quoted } from './shell-quote.ts';
import { runTool } from './tool.ts';

const needed = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'] as const;

/** Parameters are variables of the shell, for init.sh and start.sh. */
export interface Parameters {
  readonly [name: `RIG_${string}`]: string;
}

/** All but the parameters is the same for each node. */
export async function sharedFiles({ kernel, busybox }: Preparation): Promise<ArchiveFile[]> {
  const modules = await modulePaths(kernel);
  const order = modules.map((module) => `${basename(module)}\n`).join('');
  return [
    { path: 'init', bytes: readFileSync(sourceFile('hw-tests/rig/guest/init.sh')) },
    { path: 'bin/busybox', bytes: readFileSync(busybox) },
    { path: 'modules/order', bytes: Buffer.from(order) },
    ...modules.map((module) => ({ path: `modules/${basename(module)}`, bytes: readFileSync(module) })),
  ];
}

export function writeInitramfs(path: string, shared: readonly ArchiveFile[], parameters: Parameters): void {
  const lines = Object.entries(parameters).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  writeFileSync(path, encodeCpio([...shared, { path: 'parameters', bytes: Buffer.from(lines.join('')) }]));
}

/** In the order in which they load: each after those it needs. */
async function modulePaths({ root, version }: KernelImage): Promise<string[]> {
  const text = await runTool('modprobe', ['-d', root, '-S', version, '--show-depends', '-a', ...needed]);
  const paths = [...text.matchAll(/^insmod (\S+)/gm)].map(([, path]) => path as string);
  return [...new Set(paths)];
}
