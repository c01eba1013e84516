// What virtual machines need before they can start, once for the life of this process.
import { ensureAgent } from './agent-program.ts';
import { ensureRigPackages, staticBusybox } from './debian-packages.ts';
import { RigUnavailable } from './errors.ts';
import { ensureKernelImage, type KernelImage } from './kernel-image.ts';

export interface Preparation {
  readonly kernel: KernelImage;
  readonly agent: string;
  readonly busybox: string;
}

let known: Promise<Preparation> | undefined;

/** Installs and downloads what is missing. Rejects with RigUnavailable. */
export function prepare(): Promise<Preparation> {
  known ??= prepareOnce();
  return known;
}

async function prepareOnce(): Promise<Preparation> {
  await ensureRigPackages();
  const busybox = staticBusybox();
  if (busybox === undefined) throw new RigUnavailable('busybox is not static: install busybox-static');
  const [kernel, agent] = await Promise.all([ensureKernelImage(), ensureAgent()]);
  return { kernel, agent, busybox };
}
