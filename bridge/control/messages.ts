// The control protocol's messages. docs/protocol.md says the same in prose; message-shape.ts checks what arrives.
import type { ServiceRecord } from '../dns/service-record.ts';
import type { FabricErrorCode } from '../errors.ts';
import type { SlotLayout } from '../lease/control-page.ts';
import type { EndReason } from '../lease/lease-status.ts';
import type { SlotRange } from '../plane/slot-board.ts';

export const protocolVersion = 5;
/** By which a home knows a holder again. */
export const holderKeyBytes = 16;
/** Sessions of one lease in one generation: each has the request ids from `session << 44` on to itself. */
export const sessionMax: number = 2 ** 20 - 1;

/** The first message in either direction. */
export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  /** The sender's agent id in 8 bytes, which names one run of one process: a peer that was started anew is another. */
  readonly agent: Uint8Array;
}

/** A lease id in 16 bytes, as it travels. */
type LeaseBytes = Uint8Array;

/** What a holder asks of a home. */
export type RequestBody =
  /**
   * Binds a lease to this connection, and claims so many slots if the lease's layout has any. `holder` is a key that the
   * holder has drawn for this home: a session that it was shown before is over, and ends first if the home does not know so
   * yet.
   */
  | { readonly type: 'attach'; readonly lease: LeaseBytes; readonly slots: number; readonly holder: Uint8Array }
  /** Gives the binding back. */
  | { readonly type: 'detach'; readonly lease: LeaseBytes; readonly generation: number }
  /** Moves the lease's deadline to `leaseMs` from now. */
  | {
      readonly type: 'renew';
      readonly lease: LeaseBytes;
      readonly generation: number;
      readonly leaseMs: number;
    }
  /** Asks how much time is left. */
  | { readonly type: 'remaining'; readonly lease: LeaseBytes; readonly generation: number }
  /** Asks what the lease offers, without binding it. */
  | { readonly type: 'describe'; readonly lease: LeaseBytes }
  /** A word of the plane by which leases are attached over this connection, to its other end. */
  | { readonly type: 'plane'; readonly body: Uint8Array }
  /** Asks for the instances of a service on the home's node that can be reached over the network. */
  | { readonly type: 'resolve'; readonly service: string };

/** A client's slots, and its session: its request ids are `session << 44` and the 2^44 - 1 that follow. */
export interface SlotGrant extends SlotRange {
  readonly session: number;
}

export interface Attached {
  readonly type: 'attached';
  readonly generation: number;
  readonly arenaBytes: number;
  /** Time of the grant, which a renewal repeats. */
  readonly leaseMs: number;
  readonly remainingMs: number;
  readonly slots: SlotGrant | null;
  readonly layout: SlotLayout;
  /** The plane's word to the holder; null where the attachments say all. */
  readonly offer: Uint8Array | null;
}

export interface Description {
  readonly type: 'description';
  readonly generation: number;
  readonly arenaBytes: number;
  readonly remainingMs: number;
  readonly layout: SlotLayout;
  readonly freeSlots: number;
}

/** What a home answers. */
export type ResponseBody =
  | Attached
  | Description
  | { readonly type: 'time'; readonly remainingMs: number }
  | { readonly type: 'done' }
  /** The plane's answer to `plane`. */
  | { readonly type: 'plane-answer'; readonly body: Uint8Array }
  | { readonly type: 'services'; readonly records: readonly ServiceRecord[] }
  /** The request failed; with number 0, the whole connection is refused. */
  | { readonly type: 'refused'; readonly code: FabricErrorCode; readonly message: string };

/** Pairs a response with its request; counts from 1. */
export interface Numbered {
  readonly seq: number;
}

export type Request = RequestBody & Numbered;
export type Response = ResponseBody & Numbered;

/** What a home tells unasked. */
export type Notice =
  /** The deadline moved: ask for the time that remains. */
  | { readonly type: 'renewed'; readonly lease: LeaseBytes; readonly generation: number }
  /** The lease is over; `generation` is the one that ended. */
  | {
      readonly type: 'ended';
      readonly lease: LeaseBytes;
      readonly generation: number;
      readonly reason: EndReason;
    };

export type Message = Hello | Request | Response | Notice;
