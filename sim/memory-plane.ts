// The plane of a simulation: leases, agents and RPC run on it with no native code. One per simulated process, as its
// doorbells ring by that process's clock.
import {
  type AllocateRequest,
  type Attachment,
  type BindRequest,
  boardBytes,
  CapacityExceeded,
  type Carrier,
  type ClientPort,
  controlPageBytes,
  type HeldMemory,
  type HolderLink,
  type HolderLinkParts,
  type HomeLink,
  type HomeMemory,
  invariant,
  MalformedFrame,
  type Plane,
  type PlaneName,
  type ServerPort,
  SharedHolderLink,
  SharedHomeLink,
  SlotBoard,
  type SlotLayout,
  type SlotRange,
} from '#bridge';
import { type AttachmentLedger, MemoryAttachment } from './memory-attachment.ts';
import { MemoryCarrier } from './memory-carrier.ts';
import { MemoryDoorbell } from './memory-doorbell.ts';
import { MemoryClientPort, MemoryServerPort, type SlotBells } from './memory-ports.ts';
import { MemorySegment, MemoryWindow } from './memory-window.ts';
import type { ProcessClock } from './process-clock.ts';

/** The machine that the planes of a simulation share. */
export interface MemoryMachine {
  readonly attachments: AttachmentLedger;
  /** Draws how long the next doorbell takes to wake its watcher, milliseconds. */
  wakeMs: () => number;
  /** Draws for how long whoever is about to touch a word that others watch loses its processor, milliseconds. */
  preemptMs: () => number;
  /** Bytes that leases may still take. */
  freeBytes: number;
  /** Leases have a multiple of so many bytes, itself one of 8: pages, unless told otherwise. */
  grainBytes?: number;
  /** Doorbells that may still be opened. */
  freeDoorbells: number;
}

export class MemoryPlane implements Plane {
  readonly name: PlaneName = 'sim';
  readonly #machine: MemoryMachine;
  readonly #clock: ProcessClock;
  readonly #openSegment: (bytes: number) => MemorySegment;

  /** `openSegment` takes a lease's memory from somewhere else than this machine's own. */
  constructor(
    machine: MemoryMachine,
    clock: ProcessClock,
    openSegment: (bytes: number) => MemorySegment = (bytes) => new MemorySegment(bytes),
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#openSegment = openSegment;
  }

  allocate({ minBytes }: AllocateRequest): HomeMemory {
    const { grainBytes = controlPageBytes } = this.#machine;
    const bytes = Math.ceil(minBytes / grainBytes) * grainBytes + controlPageBytes;
    if (bytes > this.#machine.freeBytes) {
      throw new CapacityExceeded(`${bytes} bytes wanted, ${this.#machine.freeBytes} are free`);
    }
    const segment = this.#openSegment(bytes);
    this.#machine.freeBytes -= bytes;
    return new MemoryHome(this.#machine, this.#clock, segment);
  }

  openHomeLink(): HomeLink {
    return new SharedHomeLink();
  }

  openHolderLink({ carrier }: HolderLinkParts): HolderLink {
    return new SharedHolderLink(carrier, (request) => this.#bind(request, carrier));
  }

  #bind({ identity, layout, slots, attachments }: BindRequest, carrier: Carrier): HeldMemory {
    invariant(carrier instanceof MemoryCarrier, 'a simulated lease hangs on a simulated carrier');
    try {
      const window = new MemoryWindow(expectSegment(attachments, identity.arenaBytes));
      if (slots === undefined) return new MemoryHeld(window);
      const segment = layout.name === 'slots' ? expectBoard(attachments, layout) : undefined;
      const board = segment && new SlotBoard(segment.buffer, layout.slotCount);
      const bells = expectBells(attachments);
      const parts = { window, board, layout, slots, bells, preemption: this.#machine, carrier };
      return new MemoryHeld(window, new MemoryClientPort(this.#clock, parts), segment);
    } finally {
      for (const attachment of attachments) attachment.close();
    }
  }
}

interface OpenServer {
  readonly layout: SlotLayout;
  readonly bell: MemoryDoorbell;
  readonly segment: MemoryAttachment<MemorySegment> | undefined;
  readonly port: MemoryServerPort;
}

export class MemoryHome implements HomeMemory {
  readonly window: MemoryWindow;
  readonly #machine: MemoryMachine;
  readonly #clock: ProcessClock;
  readonly #segment: MemoryAttachment<MemorySegment>;
  readonly #clientBells = new Map<number, MemoryDoorbell>();
  readonly #shared: MemoryAttachment[] = [];
  #server: OpenServer | undefined;
  #bytes: number;

  constructor(machine: MemoryMachine, clock: ProcessClock, segment: MemorySegment) {
    this.#machine = machine;
    this.#clock = clock;
    this.#bytes = segment.buffer.byteLength;
    this.#segment = new MemoryAttachment(segment, machine.attachments);
    this.window = new MemoryWindow(segment);
  }

  get segment(): MemorySegment {
    return this.#segment.resource;
  }

  /** Once a server is open. */
  get serverPort(): MemoryServerPort | undefined {
    return this.#server?.port;
  }

  openServerPort(layout: SlotLayout): ServerPort {
    invariant(this.#server === undefined, 'a lease has one server');
    const bell = this.#openBell();
    const segment = layout.name === 'slots' ? this.#openBoard(layout) : undefined;
    const board = segment && new SlotBoard(segment.resource.buffer, layout.slotCount);
    const parts = { window: this.window, board, layout, bell, preemption: this.#machine };
    this.#server = { layout, bell, segment, port: new MemoryServerPort(this.#clock, parts) };
    return this.#server.port;
  }

  openClientPort(slots: SlotRange): ClientPort {
    const { layout, bell, port } = this.#openServer;
    const { window } = this;
    const bells = { server: bell, client: this.#addClient(slots) };
    const parts = { window, board: port.board, layout, slots, bells, preemption: this.#machine };
    return new MemoryClientPort(this.#clock, parts);
  }

  share(slots: SlotRange | undefined): readonly Attachment[] {
    if (slots === undefined) return [this.#segment];
    const { bell, segment } = this.#openServer;
    const bells = [bell, this.#addClient(slots)].map((each) => new MemoryAttachment(each, this.#machine.attachments));
    this.#shared.push(...bells);
    return segment === undefined ? [this.#segment, ...bells] : [this.#segment, ...bells, segment];
  }

  closeClient({ client }: SlotRange): void {
    this.#server?.port.removeClient(client);
    this.#closeBell(this.#clientBells.get(client));
    this.#clientBells.delete(client);
  }

  close(): void {
    if (!this.window.closed) this.segment.settle();
    this.window.close();
    this.#segment.close();
    this.#closeBell(this.#server?.bell);
    this.#server?.segment?.close();
    this.#server = undefined;
    for (const bell of this.#clientBells.values()) this.#closeBell(bell);
    this.#clientBells.clear();
    for (const attachment of this.#shared.splice(0)) attachment.close();
    this.#machine.freeBytes += this.#bytes;
    this.#bytes = 0;
  }

  get #openServer(): OpenServer {
    invariant(this.#server !== undefined, 'slots exist once a server is open');
    return this.#server;
  }

  #openBoard({ slotCount }: SlotLayout): MemoryAttachment<MemorySegment> {
    return new MemoryAttachment(new MemorySegment(boardBytes(slotCount)), this.#machine.attachments);
  }

  #openBell(): MemoryDoorbell {
    if (this.#machine.freeDoorbells === 0) throw new CapacityExceeded('no doorbells are left');
    this.#machine.freeDoorbells -= 1;
    return new MemoryDoorbell(() => this.#machine.wakeMs());
  }

  #closeBell(bell: MemoryDoorbell | undefined): void {
    if (bell === undefined) return;
    bell.close();
    this.#machine.freeDoorbells += 1;
  }

  /** Opens the doorbell of a client that sees the memory. */
  #addClient(slots: SlotRange): MemoryDoorbell {
    const { port } = this.#openServer;
    invariant(!this.#clientBells.has(slots.client), `client ${slots.client} is one`);
    const bell = this.#openBell();
    this.#clientBells.set(slots.client, bell);
    port.addClient(slots, bell);
    return bell;
  }
}

class MemoryHeld implements HeldMemory {
  readonly window: MemoryWindow;
  readonly clientPort: ClientPort | undefined;
  readonly #board: MemorySegment | undefined;
  #closed = false;

  constructor(window: MemoryWindow, clientPort?: ClientPort, board?: MemorySegment) {
    this.window = window;
    this.clientPort = clientPort;
    this.#board = board;
    board?.retain();
  }

  keepAlive(): void {
    // A simulated process lives until it is killed.
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.clientPort?.keepAlive(false);
    this.window.close();
    this.#board?.release();
  }
}

function expectSegment(attachments: readonly Attachment[], arenaBytes: number): MemorySegment {
  const [first] = attachments;
  const segment = first instanceof MemoryAttachment ? first.resource : undefined;
  if (segment instanceof MemorySegment && segment.buffer.byteLength === arenaBytes + controlPageBytes) return segment;
  throw new MalformedFrame(`the home shared no memory of ${arenaBytes + controlPageBytes} bytes`);
}

function expectBells(attachments: readonly Attachment[]): SlotBells {
  const [, server, client] = attachments.map((attachment) => (attachment as MemoryAttachment).resource);
  if (server instanceof MemoryDoorbell && client instanceof MemoryDoorbell) return { server, client };
  throw new MalformedFrame(`the home shared ${attachments.length - 1} doorbells, not 2`);
}

function expectBoard(attachments: readonly Attachment[], { slotCount }: SlotLayout): MemorySegment {
  const found = (attachments[3] as MemoryAttachment | undefined)?.resource;
  if (found instanceof MemorySegment && found.buffer.byteLength === boardBytes(slotCount)) return found;
  throw new MalformedFrame(`the home shared no board of ${boardBytes(slotCount)} bytes`);
}
