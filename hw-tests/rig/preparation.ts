// What virtual machines need before they can start, once for the life of this process.
import { ensureAgent } from './agent-program.ts';
import { ensureRigPackages, staticBusybox } from './debian-packages.ts';
import { RigUnavailable, ToolFailed } from './errors.ts';
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
  const debian = await fromDebian();
  // Not a matter of what is there: an agent that does not compile is a fault of ours.
  return { ...debian, agent: await ensureAgent() };
}

/** Whatever keeps it from us, such as no way to its servers, only means that there can be no rig here. */
async function fromDebian(): Promise<Omit<Preparation, 'agent'>> {
  try {
    await ensureRigPackages();
    const busybox = staticBusybox();
    if (busybox === undefined) throw new RigUnavailable('busybox is not static: install busybox-static');
    return { busybox, kernel: await ensureKernelImage() };
  } catch (error) {
    if (error instanceof ToolFailed) throw new RigUnavailable(error.message, { cause: error });
    throw error;
  }
}
