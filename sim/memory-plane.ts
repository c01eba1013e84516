// The plane of a simulation: leases, agents and RPC run on it with no native code. One per simulated process, as its
// doorbells ring by that process's clock.
import {
  type AllocateRequest,
  type Attachment,
  type BindRequest,
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
  /** Doorbells that may still be opened. */
  freeDoorbells: number;
}

export class MemoryPlane implements Plane {
  readonly name: PlaneName = 'sim';
  readonly #machine: MemoryMachine;
  readonly #clock: ProcessClock;

  constructor(machine: MemoryMachine, clock: ProcessClock) {
    this.#machine = machine;
    this.#clock = clock;
  }

  allocate({ minBytes }: AllocateRequest): HomeMemory {
    const bytes = Math.ceil(minBytes / controlPageBytes + 1) * controlPageBytes;
    if (bytes > this.#machine.freeBytes) {
      throw new CapacityExceeded(`${bytes} bytes wanted, ${this.#machine.freeBytes} are free`);
    }
    this.#machine.freeBytes -= bytes;
    return new MemoryHome(this.#machine, this.#clock, bytes);
  }

  openHomeLink(): HomeLink {
    return new SharedHomeLink();
  }

  openHolderLink({ carrier }: HolderLinkParts): HolderLink {
    return new SharedHolderLink(carrier, (request) => this.#bind(request, carrier));
  }

  #bind({ identity, slot, attachments }: BindRequest, carrier: Carrier): HeldMemory {
    invariant(carrier instanceof MemoryCarrier, 'a simulated lease hangs on a simulated carrier');
    try {
      const window = new MemoryWindow(expectSegment(attachments, identity.arenaBytes));
      if (slot === undefined) return new MemoryHeld(window, undefined);
      return new MemoryHeld(window, this.#portAt(window, slot, attachments, carrier));
    } finally {
      for (const attachment of attachments) attachment.close();
    }
  }

  #portAt(window: MemoryWindow, slot: number, attachments: readonly Attachment[], carrier: MemoryCarrier): ClientPort {
    return new MemoryClientPort(this.#clock, window, slot, expectBells(attachments), this.#machine, carrier);
  }
}

export class MemoryHome implements HomeMemory {
  readonly window: MemoryWindow;
  readonly #machine: MemoryMachine;
  readonly #clock: ProcessClock;
  readonly #segment: MemoryAttachment<MemorySegment>;
  readonly #clientBells = new Map<number, MemoryDoorbell>();
  readonly #shared: MemoryAttachment[] = [];
  #serverBell: MemoryDoorbell | undefined;
  #serverPort: MemoryServerPort | undefined;
  #bytes: number;

  constructor(machine: MemoryMachine, clock: ProcessClock, bytes: number) {
    this.#machine = machine;
    this.#clock = clock;
    this.#bytes = bytes;
    this.#segment = new MemoryAttachment(new MemorySegment(bytes), machine.attachments);
    this.window = new MemoryWindow(this.#segment.resource);
  }

  /** Once a server is open. */
  get serverPort(): MemoryServerPort | undefined {
    return this.#serverPort;
  }

  openServerPort(): ServerPort {
    invariant(this.#serverBell === undefined, 'a lease has one server');
    this.#serverBell = this.#openBell();
    this.#serverPort = this.#serverPortAt(this.#serverBell);
    return this.#serverPort;
  }

  openClientPort(slot: number): ClientPort {
    return new MemoryClientPort(this.#clock, this.window, slot, this.#bellsOf(slot), this.#machine);
  }

  share(slot: number | undefined): readonly Attachment[] {
    if (slot === undefined) return [this.#segment];
    const { server, client } = this.#bellsOf(slot);
    const bells = [server, client].map((bell) => new MemoryAttachment(bell, this.#machine.attachments));
    this.#shared.push(...bells);
    return [this.#segment, ...bells];
  }

  closeSlot(slot: number): void {
    this.#closeBell(this.#clientBells.get(slot));
    this.#clientBells.delete(slot);
  }

  close(): void {
    this.window.close();
    this.#segment.close();
    this.#closeBell(this.#serverBell);
    this.#serverBell = undefined;
    for (const slot of [...this.#clientBells.keys()]) this.closeSlot(slot);
    for (const attachment of this.#shared.splice(0)) attachment.close();
    this.#machine.freeBytes += this.#bytes;
    this.#bytes = 0;
  }

  #serverPortAt(bell: MemoryDoorbell): MemoryServerPort {
    return new MemoryServerPort(this.#clock, this.window, bell, this.#clientBells, this.#machine);
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

  #bellsOf(slot: number): SlotBells {
    invariant(this.#serverBell !== undefined, 'slots exist once a server is open');
    invariant(!this.#clientBells.has(slot), `slot ${slot} has one client`);
    const client = this.#openBell();
    this.#clientBells.set(slot, client);
    return { server: this.#serverBell, client };
  }
}

class MemoryHeld implements HeldMemory {
  readonly window: MemoryWindow;
  readonly clientPort: ClientPort | undefined;

  constructor(window: MemoryWindow, clientPort: ClientPort | undefined) {
    this.window = window;
    this.clientPort = clientPort;
  }

  keepAlive(): void {
    // A simulated process lives until it is killed.
  }

  close(): void {
    this.window.close();
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
