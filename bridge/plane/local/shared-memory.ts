// Memory that is made here to be shared, and memory that a peer has shared: what can go wrong with either, as typed errors.
import {
  createSealedMemfd,
  type Descriptor,
  inspectMemfd,
  Mapping,
  processLimits,
  resourceLimits,
  type SystemError,
} from '#native';
import { CapacityExceeded, IoError, MalformedFrame } from '../../errors.ts';

/** A mapped memfd, and the descriptor by which others map it. */
export interface SharedMemory {
  readonly memfd: Descriptor;
  readonly mapping: Mapping;
}

/** Fresh, zeroed, sealed against shrinking and growing. Throws CapacityExceeded where the machine has no more. */
export function createShared(bytes: number, hugePages: boolean): SharedMemory {
  return allocating(() => {
    const memfd = createSealedMemfd('leasewire', bytes, hugePages);
    try {
      return { memfd, mapping: new Mapping(memfd, bytes) };
    } catch (error) {
      memfd.close();
      throw error;
    }
  });
}

/** Maps a peer's memfd; one that could shrink under us, and so make us fault, is refused. */
export function mapGranted(memfd: Descriptor, bytes: number): Mapping {
  const found = inspectMemfd(memfd);
  if (!found.sealed) throw new MalformedFrame("the home's memory is not sealed against shrinking");
  if (found.bytes !== bytes) throw new MalformedFrame(`the home's memory has ${found.bytes} bytes, not ${bytes}`);
  return new Mapping(memfd, bytes);
}

/** Runs what opens something; the error says which limit it ran into. */
export function allocating<T>(allocate: () => T): T {
  try {
    return allocate();
  } catch (cause) {
    const { code, message } = cause as SystemError;
    const exhausted = ['ENOMEM', 'ENOSPC', 'EMFILE', 'ENFILE', 'EAGAIN'];
    if (exhausted.includes(code)) throw new CapacityExceeded(`${message} (${limitsBehind(code)})`, { cause });
    throw new IoError(message, { cause });
  }
}

/** The limits that a refusal may have run into. Without descriptors, /proc can not be asked. */
function limitsBehind(code: string): string {
  if (code === 'EMFILE' || code === 'ENFILE') return `limit: ${processLimits().openFilesMax} open files`;
  const { openFilesMax, mappingsMax, hugePagesFree, hugePageBytes } = resourceLimits();
  return (
    `limits: ${openFilesMax} open files, ${mappingsMax} mappings, ` +
    `${hugePagesFree} free huge pages of ${hugePageBytes} bytes`
  );
}
