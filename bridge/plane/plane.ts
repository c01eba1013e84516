// What a plane is: how a lease's bytes are brought to a process, kept true, and how a sleeping peer is woken. Leases
// and RPC are written against these interfaces alone; each plane's folder has the same file names.
import type { Carrier } from '../control/carrier.ts';
import type { ControlPage } from '../lease/control-page.ts';

export type PlaneName = 'local' | 'cxl' | 'rdma' | 'tcp' | 'sim';

/** Authoritative access to a lease's bytes at home. Offsets and lengths have been checked by the caller. */
export interface ArenaAccess {
  /** A copy of the bytes, owned by the caller. */
  read(offset: number, bytes: number): Promise<Uint8Array>;
  write(offset: number, source: Uint8Array): Promise<void>;
  /** Returns what was there before; `desired` was stored if that equals `expected`. `offset` is a multiple of 8. */
  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint>;
  /** Adds modulo 2^64 and returns what was there before. `offset` is a multiple of 8. */
  fetchAdd(offset: number, delta: bigint): Promise<bigint>;
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
  /** Says that this side is about to sleep. What it waits for must be observed once more after this, before sleeping. */
  arm(): void;
  /** Says that this side is awake. A ring that is already under way may still call back. */
  disarm(): void;
  /** Calls back from the event loop whenever the doorbell rings, armed or not. */
  onRing(callback: () => void): void;
  /** While true, waiting for the doorbell keeps the process alive. Starts out false. */
  keepAlive(keep: boolean): void;
}

/** A client's end of a slot. */
export interface ClientPort extends Sleeper {
  /**
   * Makes `bytes` bytes at `offset` visible to the server, then `status` at `statusOffset`, in that order, and wakes the
   * server if it sleeps. Publishes: request. True if the server is known to have slept: then its answer takes a wake-up,
   * and looking out for it meanwhile only takes processor time from whoever wakes.
   */
  publish(offset: number, bytes: number, statusOffset: number, status: number): boolean;
  /** Blocks the thread until the doorbell rings, the control connection has news (delivered before this returns), or time is up. */
  block(timeoutMs: number): void;
  /** Delivers what waits on the control connection, without blocking. */
  pumpControl(): void;
}

/** The server's end of all slots of a lease. */
export interface ServerPort extends Sleeper {
  /** As ClientPort.publish, towards the client of `slot`. Publishes: response. */
  publish(slot: number, offset: number, bytes: number, statusOffset: number, status: number): void;
}

/** Something handed over beside a control message, such as a file descriptor. Opaque but to its plane. */
export interface Attachment {
  close(): void;
}

/** A lease's memory at its home. */
export interface HomeMemory {
  readonly window: Window;
  /** Opens the server's end. At most once. */
  openServerPort(): ServerPort;
  /** Opens the client's end of a slot for this very process. */
  openClientPort(slot: number): ClientPort;
  /** What a holder needs to bind: the memory and, with a slot, its doorbells. Borrowed: the home keeps them open. */
  share(slot: number | undefined): readonly Attachment[];
  /** The slot's client is gone: nothing wakes it any more. */
  closeSlot(slot: number): void;
  /** Closes the window, the doorbells and the memory. Closing twice is harmless. */
  close(): void;
}

/** A lease's memory at a holder. */
export interface HeldMemory {
  readonly window: Window;
  readonly clientPort: ClientPort | undefined;
  close(): void;
}

export interface BindRequest {
  readonly arenaBytes: number;
  readonly slot: number | undefined;
  /** Received from the home; bind takes them over, also when it throws. */
  readonly attachments: readonly Attachment[];
  /** The control connection that the lease hangs on. */
  readonly carrier: Carrier;
}

export interface AllocateRequest {
  readonly minBytes: number;
  readonly hugePages: boolean;
}

export interface Plane {
  readonly name: PlaneName;
  /** Home: fresh zeroed memory of at least `minBytes`. Throws CapacityExceeded when the machine has no more. */
  allocate(request: AllocateRequest): HomeMemory;
  /** Holder: binds to what a home shared. Throws MalformedFrame if that is not what the protocol says. */
  bind(request: BindRequest): HeldMemory;
}
