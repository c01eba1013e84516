// The local plane: a lease is a sealed memfd that home and holder both map. The memfd is fresh for every lease and
// never used again, so that whoever keeps an old mapping can reach no lease that still lives.
import { type Descriptor, Doorbell } from '#native';
import type { Carrier } from '../../control/carrier.ts';
import { FabricError, MalformedFrame } from '../../errors.ts';
import { invariant } from '../../invariant.ts';
import { controlPageBytes, type LayoutName, type SlotLayout } from '../../lease/control-page.ts';
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
import { clientSleeps } from '../sleep-word.ts';
import type { SlotRange } from '../slot-board.ts';
import { clientEnd } from '../slot-ends.ts';
import { LocalBoard } from './local-board.ts';
import { LocalClientPort } from './local-client-port.ts';
import { LocalServerPort } from './local-server-port.ts';
import { LocalWindow } from './local-window.ts';
import { allocating, createShared, mapGranted, type SharedMemory } from './shared-memory.ts';
import { UnixCarrier } from './unix-transport.ts';

interface OpenServer {
  readonly layout: SlotLayout;
  readonly board: { readonly memfd: Descriptor; readonly own: LocalBoard } | undefined;
  readonly bell: Doorbell;
  readonly port: LocalServerPort;
}

export class LocalHomeMemory implements HomeMemory {
  readonly window: LocalWindow;
  readonly #memfd: Descriptor;
  readonly #clientBells = new Map<number, Doorbell>();
  #server: OpenServer | undefined;

  constructor({ memfd, mapping }: SharedMemory) {
    this.#memfd = memfd;
    this.window = new LocalWindow(mapping);
  }

  openServerPort(layout: SlotLayout): ServerPort {
    invariant(this.#server === undefined, 'a lease has one server');
    const bell = allocating(() => new Doorbell());
    const board = layout.name === 'slots' ? openBoard(layout, bell) : undefined;
    this.#server = { layout, board, bell, port: new LocalServerPort(this.window, bell, layout, board?.own.board) };
    return this.#server.port;
  }

  openClientPort(slots: SlotRange): ClientPort {
    const { window } = this;
    const { layout, bell, board } = this.#openServer;
    const bells = { server: bell, client: this.#addClient(slots) };
    const end = clientEnd(window, board?.own.board, layout, slots);
    return new LocalClientPort({ window, end, sleeps: clientSleeps(window, board?.own.board, slots), bells });
  }

  share(slots: SlotRange | undefined): readonly Attachment[] {
    if (slots === undefined) return [this.#memfd];
    const { bell, board } = this.#openServer;
    const shared = [this.#memfd, bell.descriptor, this.#addClient(slots).descriptor];
    return board === undefined ? shared : [...shared, board.memfd];
  }

  /** The server's end, for a plane that brings in clients from elsewhere; undefined while the lease has no server. */
  get serverPort(): LocalServerPort | undefined {
    return this.#server?.port;
  }

  /** Has this process's atomics on the memory done by `atomics`; by the processor again with undefined. */
  setAtomics(atomics: ArenaAtomics | undefined): void {
    this.window.access.atomics = atomics;
  }

  closeClient({ client }: SlotRange): void {
    this.#server?.port.removeClient(client);
    this.#clientBells.get(client)?.close();
    this.#clientBells.delete(client);
  }

  close(): void {
    this.window.close();
    this.#memfd.close();
    this.#server?.board?.own.close();
    this.#server?.board?.memfd.close();
    this.#server?.bell.close();
    for (const bell of this.#clientBells.values()) bell.close();
    this.#clientBells.clear();
  }

  get #openServer(): OpenServer {
    invariant(this.#server !== undefined, 'slots exist once a server is open');
    return this.#server;
  }

  /** Opens the doorbell of a client that maps the memory. */
  #addClient(slots: SlotRange): Doorbell {
    const { port } = this.#openServer;
    invariant(!this.#clientBells.has(slots.client), `client ${slots.client} is one`);
    const bell = allocating(() => new Doorbell());
    this.#clientBells.set(slots.client, bell);
    port.addClient(slots, bell);
    return bell;
  }
}

/** A lease that gets no board keeps no doorbell either: its server may be opened another time. */
function openBoard({ slotCount }: SlotLayout, bell: Doorbell): ReturnType<typeof LocalBoard.create> {
  try {
    return LocalBoard.create(slotCount);
  } catch (error) {
    bell.close();
    throw error;
  }
}

class LocalHeldMemory implements HeldMemory {
  readonly window: Window;
  readonly clientPort: ClientPort | undefined;
  readonly #opened: readonly { close(): void }[];

  /** `opened` is all that goes with the lease, the window first. */
  constructor(window: Window, clientPort: ClientPort | undefined, opened: readonly { close(): void }[]) {
    this.window = window;
    this.clientPort = clientPort;
    this.#opened = opened;
  }

  keepAlive(): void {
    // Nobody waits: the home is never out of reach, only gone.
  }

  close(): void {
    for (const each of this.#opened) each.close();
  }
}

export class LocalPlane implements Plane {
  readonly name: PlaneName = 'local';

  allocate({ minBytes, hugePages }: AllocateRequest): HomeMemory {
    const pageBytes = hugePages ? hugePageBytes : controlPageBytes;
    const bytes = Math.ceil((minBytes + controlPageBytes) / pageBytes) * pageBytes;
    return new LocalHomeMemory(createShared(bytes, hugePages));
  }

  openHomeLink(): HomeLink {
    return new SharedHomeLink();
  }

  openHolderLink({ carrier }: HolderLinkParts): HolderLink {
    return new SharedHolderLink(carrier, mapShared);
  }
}

function mapShared({ identity, layout, slots, attachments }: BindRequest, carrier: Carrier): HeldMemory {
  invariant(carrier instanceof UnixCarrier, 'a local lease hangs on a Unix socket');
  const descriptors = attachments as readonly Descriptor[];
  const opened: { close(): void }[] = [];
  const open = <T extends { close(): void }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const [memfd, ...ofSlots] = expectDescriptors(descriptors, slots === undefined ? 'none' : layout.name);
    const window = open(new LocalWindow(mapGranted(memfd, identity.arenaBytes + controlPageBytes)));
    if (slots === undefined) return new LocalHeldMemory(window, undefined, opened);
    const [server, client, shared] = ofSlots as [Descriptor, Descriptor, Descriptor?];
    const board = shared && open(LocalBoard.map(shared, layout.slotCount)).board;
    const bells = { server: open(new Doorbell(server)), client: open(new Doorbell(client)) };
    const end = clientEnd(window, board, layout, slots);
    const port = new LocalClientPort({ window, end, sleeps: clientSleeps(window, board, slots), bells, carrier });
    return new LocalHeldMemory(window, port, opened);
  } catch (cause) {
    for (const resource of opened) resource.close();
    if (cause instanceof FabricError) throw cause;
    throw new MalformedFrame(`the home shared what cannot be bound: ${(cause as Error).message}`, { cause });
  } finally {
    // The mappings and the doorbells live on by themselves.
    for (const descriptor of descriptors) descriptor.close();
  }
}

/** The memory; then, with slots, the server's doorbell, the client's, and the board where the layout has one. */
function expectDescriptors(descriptors: readonly Descriptor[], layout: LayoutName): [Descriptor, ...Descriptor[]] {
  const [memfd, ...others] = descriptors;
  const expected = { none: 1, classic: 3, slots: 4, queue: 3 }[layout];
  if (memfd === undefined || descriptors.length !== expected) {
    throw new MalformedFrame(`the home shared ${descriptors.length} descriptors, not ${expected}`);
  }
  return [memfd, ...others];
}
