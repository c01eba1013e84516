// Loads the addon and gives its classes their types. The C++ side is native/src; what it promises is said here.
import { createRequire } from 'node:module';

/**
 * What every failure of the operating system carries, beside its message: Node's own convention. Using a closed resource
 * is EBADF. A wrong type of argument is a TypeError, a number out of range a RangeError.
 */
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
   * callback. Starts out unreferenced: it does not keep the process alive until `ref()`. A watched resource is not
   * collected. What the callback throws is an `uncaughtException`.
   */
  watch(onReadable: () => void): void;
  /** Ends the watch, also from inside the callback. */
  unwatch(): void;
  /** Lets this and later watches keep the process alive. */
  ref(): void;
  /** Lets the process end in spite of this and later watches. */
  unref(): void;
  readonly closed: boolean;
  /** Stops watching and closes the descriptor; closing twice is harmless. */
  close(): void;
}

/** A shared mapping of a sealed memfd. Its memory stays mapped while it, its buffer or a view can be reached. */
export interface Mapping {
  /**
   * External ArrayBuffer over the mapped bytes; of length 0 once closed. It can not be transferred to another thread.
   * Asynchronous functions of Node (zlib above all) abort or fail when their bytes are detached: give those a copy.
   */
  readonly buffer: ArrayBuffer;
  readonly closed: boolean;
  /** Detaches `buffer`, then unmaps: a stale view is empty, never a crash. Closing twice is harmless. */
  close(): void;
}

/** An eventfd: rung by one process, watched or waited for by another. */
export interface Doorbell extends Readable {
  /** The descriptor to hand to a peer. Lent: it closes with the doorbell, and closing it leaves the doorbell open. */
  readonly descriptor: Descriptor;
  /**
   * Wakes whoever watches. Does not block: a bell that is already ringing at its limit stays so. (A peer that fills the
   * counter and clears O_NONBLOCK within the one microsecond between our setting the flag and writing could stall the
   * caller: the kernel has no unconditional non-blocking write to an eventfd.)
   */
  ring(): void;
  /** Silences the bell; true if it had been rung. Never blocks. */
  drain(): boolean;
}

/** A connected SOCK_SEQPACKET Unix socket: whole messages, with descriptors. */
export interface SeqpacketSocket extends Readable {
  /** Credentials of the peer when it connected (SO_PEERCRED). */
  readonly peer: { readonly pid: number; readonly uid: number; readonly gid: number };
  /**
   * Sends one message of at least 1 byte, with at most 253 descriptors, whole; false if the socket's buffer is full
   * (nothing was sent). Throws EPIPE if the peer is gone, EMSGSIZE if no socket buffer could hold the message. The
   * descriptors stay the caller's.
   */
  send(bytes: Uint8Array, descriptors: readonly Descriptor[]): boolean;
  /**
   * Takes one message: undefined when none waits, null when the peer has closed (what it sent before comes first; an
   * empty message counts as a close). A message longer than `bytesMax` (1 to 16 MiB), or with more than
   * `descriptorsMax` (0 to 253) descriptors, throws EMSGSIZE; EMFILE if this process has no room for them. That message
   * is gone then, and none of its descriptors stays open. `bytes` is a copy; the descriptors are the caller's.
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

/** Limits of this process. Counts and bytes are integers from 0, or Infinity where nothing limits them. */
export interface ProcessLimits {
  /** Bytes of a memory page: a power of two, 4096 on x64. */
  readonly pageBytes: number;
  /** Open descriptors allowed now (RLIMIT_NOFILE, soft). */
  readonly openFilesMax: number;
  /** What {@link openFilesMax} may be raised to (RLIMIT_NOFILE, hard). */
  readonly openFilesHard: number;
  /** Bytes that may be locked or registered with a NIC (RLIMIT_MEMLOCK, soft). */
  readonly lockedBytesMax: number;
}

interface Addon {
  /**
   * Creates a memfd of `bytes` bytes (a multiple of the page size, or of the huge page size), zeroed, sealed SHRINK,
   * GROW and SEAL. Its memory is reserved at once: ENOMEM, or ENOSPC where huge pages are short. A peer may still punch
   * holes; ordinary pages then read as zero, but a huge page that is not there again is a SIGBUS: give huge pages only to
   * peers that you trust.
   */
  createSealedMemfd(name: string, bytes: number, hugePages: boolean): Descriptor;
  /** Size of a memfd and whether SHRINK and GROW are sealed; throws EINVAL for any other kind of file. */
  inspectMemfd(descriptor: Descriptor): { bytes: number; sealed: boolean };
  /**
   * Maps the `bytes` bytes of a memfd (at most 4 GiB), read and write. Throws EPERM unless it is sealed, EINVAL unless it
   * is of exactly `bytes` bytes, EACCES if it is read-only. The descriptor stays the caller's.
   */
  readonly Mapping: new (
    descriptor: Descriptor,
    bytes: number,
  ) => Mapping;
  /**
   * A fresh eventfd, or, given a descriptor, the peer's; EINVAL if that is no eventfd. The descriptor is taken over and
   * becomes closed, unless a doorbell lends it: then it is duplicated.
   */
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
   * is set if `readables[i]` is readable (or hung up), 0 on time-out. Interrupted waits go on with what is left. A worker
   * that waits can be terminated.
   */
  waitReadable(readables: readonly Readable[], timeoutMs: number): number;
  /** Asks anew. Needs no descriptor, so that it can tell of their limit when there are no more. */
  processLimits(): ProcessLimits;
}

const addon = createRequire(import.meta.url)('#addon') as Addon;

export const createSealedMemfd: Addon['createSealedMemfd'] = addon.createSealedMemfd;
export const inspectMemfd: Addon['inspectMemfd'] = addon.inspectMemfd;
export const processLimits: Addon['processLimits'] = addon.processLimits;
export const waitReadable: Addon['waitReadable'] = addon.waitReadable;
export const Mapping: Addon['Mapping'] = addon.Mapping;
export const Doorbell: Addon['Doorbell'] = addon.Doorbell;
export const Descriptor: Addon['Descriptor'] = addon.Descriptor;
export const SeqpacketListener: Addon['SeqpacketListener'] = addon.SeqpacketListener;
export const SeqpacketSocket: Addon['SeqpacketSocket'] = addon.SeqpacketSocket;
