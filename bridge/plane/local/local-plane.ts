// The local plane: a lease is a sealed memfd that home and holder both map. The memfd is fresh for every lease and
// never used again, so that whoever keeps an old mapping can reach no lease that still lives.
import {
  createSealedMemfd,
  type Descriptor,
  Doorbell,
  inspectMemfd,
  Mapping,
  processLimits,
  resourceLimits,
  type SystemError,
} from '#native';
import type { Carrier } from '../../control/carrier.ts';
import { CapacityExceeded, FabricError, IoError, MalformedFrame } from '../../errors.ts';
import { invariant } from '../../invariant.ts';
import { controlPageBytes } from '../../lease/control-page.ts';
import { hugePageBytes } from '../../limits.ts';
import type {
  AllocateRequest,
  ArenaAtomics,
  Attachment,
  BindRequest,
  ClientPort,
  HeldMemory,
  HolderLink,
  HolderLinkParts,
  HomeLink,
  HomeMemory,
  Plane,
  PlaneName,
  ServerPort,
  Window,
} from '../plane.ts';
import { SharedHolderLink, SharedHomeLink } from '../shared-link.ts';
import { LocalClientPort, LocalServerPort } from './local-ports.ts';
import { LocalWindow } from './local-window.ts';
import { UnixCarrier } from './unix-transport.ts';

export class LocalHomeMemory implements HomeMemory {
  readonly window: LocalWindow;
  readonly #memfd: Descriptor;
  readonly #clientBells = new Map<number, Doorbell>();
  #serverBell: Doorbell | undefined;
  #serverPort: LocalServerPort | undefined;

  constructor(memfd: Descriptor, mapping: Mapping) {
    this.#memfd = memfd;
    this.window = new LocalWindow(mapping);
  }

  openServerPort(): ServerPort {
    invariant(this.#serverBell === undefined, 'a lease has one server');
    this.#serverBell = allocating(() => new Doorbell());
    this.#serverPort = new LocalServerPort(this.window, this.#serverBell, this.#clientBells);
    return this.#serverPort;
  }

  openClientPort(slot: number): ClientPort {
    return new LocalClientPort(this.window, slot, this.#bellsOf(slot));
  }

  share(slot: number | undefined): readonly Attachment[] {
    if (slot === undefined) return [this.#memfd];
    const bells = this.#bellsOf(slot);
    return [this.#memfd, bells.server.descriptor, bells.client.descriptor];
  }

  /** The server's end, for a plane that brings in clients from elsewhere; undefined while the lease has no server. */
  get serverPort(): LocalServerPort | undefined {
    return this.#serverPort;
  }

  /** Has this process's atomics on the memory done by `atomics`; by the processor again with undefined. */
  setAtomics(atomics: ArenaAtomics | undefined): void {
    this.window.access.atomics = atomics;
  }

  closeSlot(slot: number): void {
    this.#serverPort?.removeClient(slot);
    this.#clientBells.get(slot)?.close();
    this.#clientBells.delete(slot);
  }

  close(): void {
    this.window.close();
    this.#memfd.close();
    this.#serverBell?.close();
    for (const slot of [...this.#clientBells.keys()]) this.closeSlot(slot);
  }

  #bellsOf(slot: number): { server: Doorbell; client: Doorbell } {
    invariant(this.#serverBell !== undefined, 'slots exist once a server is open');
    invariant(!this.#clientBells.has(slot), `slot ${slot} has one client`);
    const client = allocating(() => new Doorbell());
    this.#clientBells.set(slot, client);
    return { server: this.#serverBell, client };
  }
}

class LocalHeldMemory implements HeldMemory {
  readonly window: Window;
  readonly clientPort: ClientPort | undefined;
  readonly #bells: readonly Doorbell[];

  constructor(window: Window, clientPort: ClientPort | undefined, bells: readonly Doorbell[]) {
    this.window = window;
    this.clientPort = clientPort;
    this.#bells = bells;
  }

  keepAlive(): void {
    // Nobody waits: the home is never out of reach, only gone.
  }

  close(): void {
    this.window.close();
    for (const bell of this.#bells) bell.close();
  }
}

export class LocalPlane implements Plane {
  readonly name: PlaneName = 'local';

  allocate({ minBytes, hugePages }: AllocateRequest): HomeMemory {
    const pageBytes = hugePages ? hugePageBytes : controlPageBytes;
    const bytes = Math.ceil((minBytes + controlPageBytes) / pageBytes) * pageBytes;
    return allocating(() => {
      const memfd = createSealedMemfd('leasewire', bytes, hugePages);
      try {
        return new LocalHomeMemory(memfd, new Mapping(memfd, bytes));
      } catch (error) {
        memfd.close();
        throw error;
      }
    });
  }

  openHomeLink(): HomeLink {
    return new SharedHomeLink();
  }

  openHolderLink({ carrier }: HolderLinkParts): HolderLink {
    return new SharedHolderLink(carrier, mapShared);
  }
}

function mapShared({ identity, slot, attachments }: BindRequest, carrier: Carrier): HeldMemory {
  invariant(carrier instanceof UnixCarrier, 'a local lease hangs on a Unix socket');
  const descriptors = attachments as readonly Descriptor[];
  const opened: { close(): void }[] = [];
  const open = <T extends { close(): void }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const [memfd, server, client] = expectDescriptors(descriptors, slot !== undefined);
    const window = open(new LocalWindow(mapGranted(memfd, identity.arenaBytes + controlPageBytes)));
    if (slot === undefined || server === undefined || client === undefined) {
      return new LocalHeldMemory(window, undefined, []);
    }
    const bells = { server: open(new Doorbell(server)), client: open(new Doorbell(client)) };
    const port = new LocalClientPort(window, slot, bells, carrier);
    return new LocalHeldMemory(window, port, [bells.server, bells.client]);
  } catch (cause) {
    for (const resource of opened) resource.close();
    if (cause instanceof FabricError) throw cause;
    throw new MalformedFrame(`the home shared what cannot be bound: ${(cause as Error).message}`, { cause });
  } finally {
    // The mapping and the doorbells live on by themselves.
    for (const descriptor of descriptors) descriptor.close();
  }
}

function expectDescriptors(
  descriptors: readonly Descriptor[],
  withSlot: boolean,
): [Descriptor, Descriptor | undefined, Descriptor | undefined] {
  const [memfd, server, client] = descriptors;
  const expected = withSlot ? 3 : 1;
  if (memfd === undefined || descriptors.length !== expected) {
    throw new MalformedFrame(`the home shared ${descriptors.length} descriptors, not ${expected}`);
  }
  return [memfd, server, client];
}

/** Maps a peer's memfd; one that could shrink under us, and so make us fault, is refused. */
function mapGranted(memfd: Descriptor, bytes: number): Mapping {
  const found = inspectMemfd(memfd);
  if (!found.sealed) throw new MalformedFrame("the home's memory is not sealed against shrinking");
  if (found.bytes !== bytes) throw new MalformedFrame(`the home's memory has ${found.bytes} bytes, not ${bytes}`);
  return new Mapping(memfd, bytes);
}

function allocating<T>(allocate: () => T): T {
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
