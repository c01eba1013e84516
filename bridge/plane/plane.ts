// What a plane is: how a lease's bytes are brought to a process, kept true, and how a sleeping peer is woken. Leases
// and RPC are written against these interfaces alone; each plane's folder has the same file names.
import type { Carrier } from '../control/carrier.ts';
import type { FabricError } from '../errors.ts';
import type { ControlPage, LeaseIdentity, SlotLayout } from '../lease/control-page.ts';
import type { EndReason } from '../lease/lease-status.ts';
import type { SlotBoard, SlotRange } from './slot-board.ts';

export type PlaneName = 'local' | 'cxl' | 'rdma' | 'tcp' | 'sim';

/** 64-bit atomics on a lease's bytes at home. Offsets are multiples of 8 and have been checked by the caller. */
export interface ArenaAtomics {
  /** Returns what was there before; `desired` was stored if that equals `expected`. */
  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint>;
  /** Adds modulo 2^64 and returns what was there before. */
  fetchAdd(offset: number, delta: bigint): Promise<bigint>;
}

/** Authoritative access to a lease's bytes at home. Offsets and lengths have been checked by the caller. */
export interface ArenaAccess extends ArenaAtomics {
  /** A copy of the bytes, owned by the caller. */
  read(offset: number, bytes: number): Promise<Uint8Array>;
  write(offset: number, source: Uint8Array): Promise<void>;
}

/** A lease's bytes as this process sees them: at home the memory itself, elsewhere perhaps a mirror. */
export interface Window {
  readonly plane: PlaneName;
  /** The lease's own bytes; of length 0 once the window is closed. */
  readonly arena: Uint8Array;
  readonly control: ControlPage;
  readonly access: ArenaAccess;
  /** Empties every view, then gives the memory back. Closing twice is harmless. */
  close(): void;
}

/** How one side of a slot sleeps and is woken. */
export interface Sleeper {
  /** What looking before sleeping may take, milliseconds: about what a wake-up costs, or a round trip if that is longer. */
  readonly spinMsMax: number;
  /** Says that this side is about to sleep. What it waits for must be observed once more after this, before sleeping. */
  arm(): void;
  /** Says that this side is awake. A ring that is already under way may still call back. */
  disarm(): void;
  /** Calls back from the event loop whenever the doorbell rings, armed or not. */
  onRing(callback: () => void): void;
  /** While true, waiting for the doorbell keeps the process alive. Starts out false. */
  keepAlive(keep: boolean): void;
}

/** A client's end of its slots. Where its plane resumes leases, it outlives interruptions, and is of no use in them. */
export interface ClientPort extends Sleeper {
  /** Looks that take about as long as ten reads of the clock. */
  readonly looksPerClock: number;
  /** Looks up to `looks` times whether something is answered. Observes: response. */
  look(looks: number): boolean;
  /** What is answered next, after look(): see ClientEnd.next(). */
  next(): number;
  /**
   * Makes `bytes` bytes at `offset` visible to the server, then the status of `slot`, in that order, and wakes the server if
   * it sleeps. Publishes: request. True if the server is known to have slept: then its answer takes a wake-up, and looking
   * out for it meanwhile only takes processor time from whoever wakes.
   */
  publish(slot: number, offset: number, bytes: number, status: number): boolean;
  /**
   * Tells the server something else about `slot`, one of entryKinds, if the layout has a place for it, after making `bytes`
   * bytes at `offset` visible; and wakes it. Publishes: request.
   */
  tell(slot: number, kind: number, offset: number, bytes: number): void;
  /**
   * Makes `bytes` bytes at `offset` (0: none) visible to the server, then the u64 word at `indexOffset`, a multiple of 8,
   * which becomes `index`, less than 2^32, in that order, and wakes the server if it sleeps. Publishes: index.
   */
  publishIndex(offset: number, bytes: number, indexOffset: number, index: number): void;
  /** Brings in what publishIndex() has sent from the other end, where that does not store it here. Before looking at an index. */
  observe(): void;
  /**
   * Calls back once the window shows what the server's onCatchUp() publishes: at once where it is the memory itself, and
   * after a while, or never if the way to the home is lost, where it is a mirror.
   */
  catchUp(onCaughtUp: () => void): void;
  /** Nothing of what was under way counts any more: the slots are another session's. */
  restart(slots: SlotRange): void;
  /** Blocks the thread until the doorbell rings, the control connection has news (delivered before this returns), or time is up. */
  block(timeoutMs: number): void;
  /** Delivers what waits on the control connection, without blocking. */
  pumpControl(): void;
}

/** The server's end of all slots of a lease. */
export interface ServerPort extends Sleeper {
  /** So many times observe() takes some 10 µs, on a processor that is not emulated. */
  readonly observesPerClock: number;
  /** Where clients say which slots to look at; undefined in the classic layout. */
  readonly board: SlotBoard | undefined;
  /** Brings in what clients elsewhere have sent. Before looking at any slot. */
  observe(): void;
  /** As ClientPort.publish, towards a client. Publishes: response. */
  publish(client: number, slot: number, offset: number, bytes: number, status: number): void;
  /** As ClientPort.tell. Publishes: response. */
  tell(client: number, slot: number, kind: number, offset: number, bytes: number): void;
  /** As ClientPort.publishIndex, towards a client. Publishes: index. */
  publishIndex(client: number, offset: number, bytes: number, indexOffset: number, index: number): void;
  /**
   * Calls back when a client has a mirror that shows nothing yet: what it has to know is to be published before the callback
   * returns. To be called before the lease has clients, and then from the event loop.
   */
  onCatchUp(publishAll: (client: number) => void): void;
}

/** Something handed over beside a control message, such as a file descriptor. Opaque but to its plane. */
export interface Attachment {
  close(): void;
}

/** A lease's memory at its home. */
export interface HomeMemory {
  readonly window: Window;
  /** Opens the server's end, with the slots of `layout`. At most once. */
  openServerPort(layout: SlotLayout): ServerPort;
  /** Opens the client's end of some slots for this very process. */
  openClientPort(slots: SlotRange): ClientPort;
  /** What a holder needs to bind: the memory and, with slots, its doorbells and the board. Borrowed: the home keeps them open. */
  share(slots: SlotRange | undefined): readonly Attachment[];
  /** The client of these slots is gone: nothing wakes it any more. */
  closeClient(slots: SlotRange): void;
  /** Closes the window, the doorbells and the memory. Closing twice is harmless. */
  close(): void;
}

/** A lease's memory at a holder. */
export interface HeldMemory {
  readonly window: Window;
  readonly clientPort: ClientPort | undefined;
  /** While somebody waits for the home to be reached again, the process is kept alive. */
  keepAlive(waiter: object, keep: boolean): void;
  close(): void;
}

/** What a home hands to a holder, who binds to it. */
export interface Grant {
  /** Beside the message, where the carrier takes them. Borrowed: the home keeps them open. */
  readonly attachments: readonly Attachment[];
  /** The plane's own word to its other end; null where the attachments say all. */
  readonly offer: Uint8Array | null;
}

export interface BindRequest {
  readonly identity: LeaseIdentity;
  readonly layout: SlotLayout;
  readonly slots: SlotRange | undefined;
  /** Received from the home; bind takes them over, also when it throws. */
  readonly attachments: readonly Attachment[];
  readonly offer: Uint8Array | null;
  /** Bound over another session, which is lost: binds that again, window, port and all. */
  readonly held?: HeldMemory | undefined;
}

/** The home's end of what a plane keeps for one session: who holds leases over one control connection. */
export interface HomeLink {
  /** Answers what the plane's other end asks. Throws MalformedFrame for what it should not. */
  answer(body: Uint8Array): Uint8Array;
  /** Lets the holder bind to a lease's memory and, if it has any, to its slots. */
  grant(memory: HomeMemory, identity: LeaseIdentity, slots: SlotRange | undefined): Grant;
  /**
   * The holder can reach the memory no more once this returns: true. False if that could not be confirmed. `reason` is
   * why the lease ended; without it the holder has given the lease back.
   */
  withdraw(memory: HomeMemory, reason?: EndReason): boolean;
  /** Withdraws everything. */
  close(): void;
}

/** The holder's end. */
export interface HolderLink {
  /** Whether what is bound here can be bound again over another session, should this one be lost. */
  readonly resumes: boolean;
  /**
   * Binds to what a home granted. Rejects with MalformedFrame if that is not what the protocol says; what was bound
   * before is then as it was.
   */
  bind(request: BindRequest): Promise<HeldMemory>;
  /** The session is over. What is bound here reaches its home no more; its windows stay open until they are closed. */
  close(): void;
}

/** What a holder's link needs of its session. */
export interface HolderLinkParts {
  readonly carrier: Carrier;
  /** Asks the other end's HomeLink. Rejects with what that refuses it with, or Disconnected. */
  readonly ask: (body: Uint8Array) => Promise<Uint8Array>;
  /** The link is broken beyond repair, and the session with it. */
  readonly onBroken: (error: FabricError) => void;
}

export interface AllocateRequest {
  readonly minBytes: number;
  readonly hugePages: boolean;
}

/** A plane, as sessions see it. */
export interface LinkPlane {
  readonly name: PlaneName;
  /** `onBroken` is called when nothing can be done for the holder any more. */
  openHomeLink(onBroken: (error: FabricError) => void): HomeLink;
  openHolderLink(parts: HolderLinkParts): HolderLink;
}

/** The plane of a machine's own memory. */
export interface Plane extends LinkPlane {
  /** Home: fresh zeroed memory of at least `minBytes`. Throws CapacityExceeded when the machine has no more. */
  allocate(request: AllocateRequest): HomeMemory;
}
