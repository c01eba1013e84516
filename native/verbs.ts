// RDMA verbs: one small class per resource of libibverbs. The C++ side is native/src/verbs; what it promises is said here.
// The library is opened when the first VerbsContext is made, which throws ENOSYS where it is not installed.
// A resource keeps those alive that it was made from: closing them in any order is safe, and what others still need ends
// with the last of these.
import { createRequire } from 'node:module';
import type { Readable } from './addon.ts';

/** What a device said of itself and of the port when it was opened. */
export interface VerbsAttributes {
  /** What 64-bit atomics are atomic with: none, those through the same device, or also those of processors. */
  readonly atomicScope: 'none' | 'hca' | 'global';
  readonly queuePairsMax: number;
  /** Of one queue, sends or receives. */
  readonly workRequestsMax: number;
  /** Of one completion queue. */
  readonly completionsMax: number;
  readonly regionBytesMax: number;
  /** Of one WRITE or READ. */
  readonly messageBytesMax: number;
  /** READs and atomics that a queue pair can have outstanding, and can serve; at most 255. */
  readonly readsMax: number;
  readonly activeMtuBytes: number;
  /** 0 on Ethernet. */
  readonly lid: number;
  /** 16 bytes. */
  readonly gid: Uint8Array;
}

export interface VerbsEvent {
  /** Such as `port-error`, `port-active`, `gid-change`, `device-fatal`, `queue-pair-fatal`, `completion-queue-error`. */
  readonly type: string;
  /** Number of the queue pair that it is about, if it is about one. */
  readonly queuePair?: number;
}

/** An opened device, seen through one port and GID. Readable when an asynchronous event waits. */
export interface VerbsContext extends Readable {
  readonly attributes: VerbsAttributes;
  /** Asks the device now. */
  portActive(): boolean;
  /** Takes an event; undefined when none waits. Those about other ports are left out. */
  nextEvent(): VerbsEvent | undefined;
}

/** Only regions and queue pairs of one domain work together. */
export interface ProtectionDomain {
  readonly closed: boolean;
  /** Closing twice is harmless. */
  close(): void;
}

/** What peers may do with a region; this side may always write. */
export interface RegionAccess {
  readonly remoteRead: boolean;
  readonly remoteWrite: boolean;
  readonly remoteAtomic: boolean;
}

/**
 * A registered part of a mapping. It stays registered, and its memory with it, until it is closed, whatever becomes of the
 * mapping: close the region first. What is posted from a region that is closed or collected before it completes fails.
 */
export interface MemoryRegion {
  /** What peers name it by. */
  readonly address: bigint;
  readonly rkey: number;
  readonly bytes: number;
  readonly closed: boolean;
  /**
   * Takes the memory from the device: a peer's access fails from now on. Throws if the device refuses; the region is still
   * open then. Closing twice is harmless.
   */
  close(): void;
}

/** A peer's region, as the peer described it. */
export interface RemoteRegion {
  readonly address: bigint;
  readonly rkey: number;
  readonly bytes: number;
}

/** Kinds of completions. */
export const completionKinds = {
  /** A post under a token that is not 0 was done. */
  done: 0,
  /** A peer's WRITE with an immediate has landed. */
  immediate: 1,
  /** A post failed: each outstanding token once, and the cause even if its token is 0. */
  sendFailed: 2,
  /** The peer's part of a queue pair failed; told once per queue pair, unless a failure was told of it or it was failed. */
  receiveFailed: 3,
} as const;

/** Completions of any number of queue pairs. Readable when that for which it was armed has come. */
export interface CompletionQueue extends Readable {
  /**
   * What poll() found: four words each. Token, or immediate · kind · queue pair's number · bytes that came with an
   * immediate, or `ibv_wc_status` of a failure, else 0. There is room for 64.
   */
  readonly completions: Uint32Array;
  /**
   * Takes up to 64 completions into `completions` and says how many; posts new receives for those that were consumed. If
   * it took 64 there may be more. Looks up to `looks` times (1 to 2^32 - 1) until something is there: that costs less than
   * as many calls. Throws EIO once the device has given the queue up.
   */
  poll(looks: number): number;
  /** The next completion makes the queue readable, once. What came before needs a poll() after this. */
  arm(): void;
  /** Takes what made the queue readable. */
  drain(): void;
}

export interface QueuePairLimits {
  /** Posts outstanding: 1 to 16384. */
  readonly sendsMax: number;
  /** Immediates on their way: 1 to 16384. */
  readonly receivesMax: number;
  /** The peer's READs and atomics that are served at a time: 0 to 255. */
  readonly readsMax: number;
  /** Writes of so many bytes are read when they are posted, and not later: 0 to 4096. */
  readonly inlineBytesMax: number;
}

/** The peer's end of a connection, and what both have agreed on. */
export interface QueuePairRoute {
  /** Of the peer's queue pair. */
  readonly number: number;
  /** The peer's first packet sequence number: 24 bits. */
  readonly packetSequence: number;
  /** Ours. */
  readonly ownPacketSequence: number;
  /** The peer's, 16 bytes. */
  readonly gid: Uint8Array;
  /** The peer's. */
  readonly lid: number;
  /** 256, 512, 1024, 2048 or 4096; at most what both ports have active. */
  readonly mtuBytes: number;
  /** READs and atomics that the peer serves at a time: no more than its own `readsMax`. */
  readonly readsMax: number;
  /** Waits 4.096 µs · 2^this for an acknowledgement, 0 to 31; 0 waits for ever. */
  readonly ackTimeoutExponent: number;
  /** 0 to 7. */
  readonly retries: number;
  /** While the peer has no receive posted: 0 to 7; 7 retries for ever. */
  readonly rnrRetries: number;
}

/**
 * A reliable connection. Posts name a local region with offset and a {@link RemoteRegion} with offset; beyond either is a
 * RangeError. They return false if the send queue is full: nothing was posted then, and room comes back as completions are
 * polled. With token 0 nobody hears of the post's success. Tokens and immediates have 32 bits. A post throws ENOTCONN
 * before connect(), ECONNRESET once the queue pair is known to have failed, EBADF after close() and from a closed region.
 *
 * A queue pair fails as a whole: every outstanding token is then reported once, with kind 2, and nothing after that.
 */
export interface QueuePair {
  readonly number: number;
  /** Granted, which may be more than was asked for. */
  readonly inlineBytesMax: number;
  /** Posts that are not known to be complete. One with token 0 is known to be by a later one's completion. */
  readonly outstanding: number;
  /** Posts that would not return false. 0 after close(). */
  readonly sendRoom: number;
  readonly closed: boolean;
  /** Posts all receives and makes the connection. Once; a queue pair for which it throws is of no more use. */
  connect(route: QueuePairRoute): void;
  /** RDMA WRITE. `bytes` may be 0: then only the peer's device answers. */
  write(
    region: MemoryRegion,
    offset: number,
    bytes: number,
    remote: RemoteRegion,
    remoteOffset: number,
    token: number,
  ): boolean;
  /** A write after which the peer's completion queue reports `immediate`. */
  writeWithImmediate(
    region: MemoryRegion,
    offset: number,
    bytes: number,
    remote: RemoteRegion,
    remoteOffset: number,
    immediate: number,
    token: number,
  ): boolean;
  /** RDMA READ into the region. */
  read(
    region: MemoryRegion,
    offset: number,
    bytes: number,
    remote: RemoteRegion,
    remoteOffset: number,
    token: number,
  ): boolean;
  /** Stores `desired` if `expected` is there. What was there lands in the region, 8 bytes in this machine's order. */
  compareExchange(
    region: MemoryRegion,
    offset: number,
    remote: RemoteRegion,
    remoteOffset: number,
    expected: bigint,
    desired: bigint,
    token: number,
  ): boolean;
  /** Adds modulo 2^64; otherwise as {@link compareExchange}. The remote address is a multiple of 8 for both. */
  fetchAdd(
    region: MemoryRegion,
    offset: number,
    remote: RemoteRegion,
    remoteOffset: number,
    delta: bigint,
    token: number,
  ): boolean;
  /** Fails the queue pair: whatever is outstanding is reported, and the peer hears of it when it next posts. */
  fail(): void;
  /** Destroys the queue pair; of what is outstanding nothing more is reported. Closing twice is harmless. */
  close(): void;
}

interface VerbsAddon {
  /**
   * Opens a device (ENODEV if there is none of that name; EINVAL if it has no such port or GID). `port` is counted from 1.
   */
  readonly VerbsContext: new (
    deviceName: string,
    port: number,
    gidIndex: number,
  ) => VerbsContext;
  readonly ProtectionDomain: new (context: VerbsContext) => ProtectionDomain;
  /** Registers `bytes` bytes at `offset` of the buffer of an open Mapping: no other memory is known to stay in place. */
  readonly MemoryRegion: new (
    domain: ProtectionDomain,
    buffer: ArrayBuffer,
    offset: number,
    bytes: number,
    access: RegionAccess,
  ) => MemoryRegion;
  readonly RemoteRegion: new (address: bigint, rkey: number, bytes: number) => RemoteRegion;
  readonly CompletionQueue: new (context: VerbsContext, entriesMax: number) => CompletionQueue;
  /** Takes `sendsMax` + `receivesMax` entries of the completion queue until it is closed; ENOBUFS if that has too few. */
  readonly QueuePair: new (
    domain: ProtectionDomain,
    queue: CompletionQueue,
    limits: QueuePairLimits,
  ) => QueuePair;
}

const addon = createRequire(import.meta.url)('#addon') as VerbsAddon;

export const VerbsContext: VerbsAddon['VerbsContext'] = addon.VerbsContext;
export const ProtectionDomain: VerbsAddon['ProtectionDomain'] = addon.ProtectionDomain;
export const MemoryRegion: VerbsAddon['MemoryRegion'] = addon.MemoryRegion;
export const RemoteRegion: VerbsAddon['RemoteRegion'] = addon.RemoteRegion;
export const CompletionQueue: VerbsAddon['CompletionQueue'] = addon.CompletionQueue;
export const QueuePair: VerbsAddon['QueuePair'] = addon.QueuePair;
