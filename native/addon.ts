// Loads the addon and gives its classes their types. The C++ side is native/src; what it promises is said here.
import { createRequire } from 'node:module';

/** What every native failure carries, beside its message: Node's own convention. */
export interface SystemError extends Error {
  /** Name of the errno, such as `EMFILE`. */
  readonly code: string;
  /** Positive errno value. */
  readonly errno: number;
  /** The system call that failed. */
  readonly syscall: string;
}

/** An owned file descriptor that nothing else closes. Closed at the latest when it is collected. */
export interface Descriptor {
  readonly closed: boolean;
  /** Closes the descriptor; closing twice is harmless. */
  close(): void;
}

/** Whatever can wake the event loop, or {@link waitReadable}, by becoming readable. */
export interface Readable {
  /**
   * Calls `onReadable` from the event loop while the resource is readable (level-triggered); replaces an earlier
   * callback. Starts out unreferenced: it does not keep the process alive until `ref()`.
   */
  watch(onReadable: () => void): void;
  unwatch(): void;
  ref(): void;
  unref(): void;
  readonly closed: boolean;
  /** Stops watching and closes the descriptor; closing twice is harmless. */
  close(): void;
}

/** A shared mapping of a sealed memfd. */
export interface Mapping {
  /** External ArrayBuffer over the mapped bytes; of length 0 once closed. */
  readonly buffer: ArrayBuffer;
  readonly closed: boolean;
  /** Detaches `buffer`, then unmaps: a stale view is empty, never a crash. Closing twice is harmless. */
  close(): void;
}

/** An eventfd: rung by one process, watched or waited for by another. */
export interface Doorbell extends Readable {
  /** The descriptor to hand to a peer; owned by the doorbell. */
  readonly descriptor: Descriptor;
  /** Wakes whoever watches. Never blocks: a bell that is already ringing at its limit stays so. */
  ring(): void;
  /** Silences the bell; true if it had been rung. Never blocks. */
  drain(): boolean;
}

/** A connected SOCK_SEQPACKET Unix socket: whole messages, with descriptors. */
export interface SeqpacketSocket extends Readable {
  /** Credentials of the peer when it connected (SO_PEERCRED). */
  readonly peer: { readonly pid: number; readonly uid: number; readonly gid: number };
  /** Sends one message whole; false if the socket's buffer is full (nothing was sent). Throws EPIPE if the peer is gone. */
  send(bytes: Uint8Array, descriptors: readonly Descriptor[]): boolean;
  /**
   * Takes one message: undefined when none waits, null when the peer has closed. A message longer than `bytesMax`, or
   * with more than `descriptorsMax` descriptors, throws EMSGSIZE, and none of its descriptors stays open.
   */
  receive(
    bytesMax: number,
    descriptorsMax: number,
  ): { bytes: Uint8Array; descriptors: Descriptor[] } | undefined | null;
}

/** A listening SOCK_SEQPACKET Unix socket. */
export interface SeqpacketListener extends Readable {
  /** Takes one connection: undefined when none waits. */
  accept(): SeqpacketSocket | undefined;
}

interface Addon {
  /** Creates a memfd of `bytes` bytes (a multiple of the page size), zeroed, sealed SHRINK, GROW and SEAL. */
  createSealedMemfd(name: string, bytes: number, hugePages: boolean): Descriptor;
  /** Size of a memfd and whether SHRINK and GROW are sealed; throws EINVAL for any other kind of file. */
  inspectMemfd(descriptor: Descriptor): { bytes: number; sealed: boolean };
  /** Maps the first `bytes` bytes, read and write. Throws EPERM unless sealed, EINVAL unless the memfd is of `bytes` bytes. */
  readonly Mapping: new (
    descriptor: Descriptor,
    bytes: number,
  ) => Mapping;
  /** A fresh eventfd, or, given a descriptor (which is taken over), the peer's; EINVAL if that is no eventfd. */
  readonly Doorbell: new (
    descriptor?: Descriptor,
  ) => Doorbell;
  readonly Descriptor: abstract new () => Descriptor;
  /** Binds and listens at `path` (EADDRINUSE, ENAMETOOLONG); the file's mode is 0600. */
  readonly SeqpacketListener: new (
    path: string,
    backlog: number,
  ) => SeqpacketListener;
  /** Connects without blocking (EAGAIN: backlog full; ECONNREFUSED: nobody listens; ENOENT: no such path). */
  readonly SeqpacketSocket: new (
    path: string,
  ) => SeqpacketSocket;
  /**
   * Blocks the thread until one of at most 8 resources is readable or `timeoutMs` (fractions allowed) has passed; bit i of the result
   * is set if `readables[i]` is readable (or hung up), 0 on time-out. Interrupted waits go on with what is left.
   */
  waitReadable(readables: readonly Readable[], timeoutMs: number): number;
}

const addon = createRequire(import.meta.url)('#addon') as Addon;

export const createSealedMemfd: Addon['createSealedMemfd'] = addon.createSealedMemfd;
export const inspectMemfd: Addon['inspectMemfd'] = addon.inspectMemfd;
export const waitReadable: Addon['waitReadable'] = addon.waitReadable;
export const Mapping: Addon['Mapping'] = addon.Mapping;
export const Doorbell: Addon['Doorbell'] = addon.Doorbell;
export const Descriptor: Addon['Descriptor'] = addon.Descriptor;
export const SeqpacketListener: Addon['SeqpacketListener'] = addon.SeqpacketListener;
export const SeqpacketSocket: Addon['SeqpacketSocket'] = addon.SeqpacketSocket;
