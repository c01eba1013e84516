// What a client needs of a layout: slots to post requests in, and a way to take their responses. The data path alone: no
// allocation but the result, no lock, no system call, no clock. Slots are counted from the client's first.
import { Disconnected, PayloadTooLarge, Unsupported } from '../errors.ts';
import type { ClientSlots, Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
import type { CallMeter } from './call-meter.ts';
import { sessionShift } from './classic-layout.ts';
import type { StreamWire } from './stream-end.ts';

export interface ClientPath {
  readonly port: ClientPort;
  readonly slotCount: number;
  /** The longest payload of a request. */
  readonly payloadBytesMax: number;
  /** Whether the server had to be woken for the request posted last. */
  readonly serverSlept: boolean;
  /**
   * Writes and publishes a request in a free slot. The payload is the caller's again. Throws, with nothing written, for what
   * cannot be one: see checkRequest().
   */
  post(slot: number, methodId: number, payload: Uint8Array, deadlineMs: number): void;
  /** Where a request may be built: the free slot's own bytes, `bytes` of them. */
  lend(slot: number, bytes: number): Uint8Array;
  /** As post(), of what was built where lend() said. */
  postLent(slot: number, methodId: number, bytes: number, deadlineMs: number): void;
  /**
   * As post(), of a request that opens a stream: what that then goes through.
   */
  openStream(slot: number, methodId: number, payload: Uint8Array, deadlineMs: number): StreamWire;
  /** Throws Unsupported where the layout has no streams. */
  checkStreams(): void;
  /** The slot's stream is over: it is free. */
  free(slot: number): void;
  /** What may gather of a stream before whoever sends waits, bytes; 0 where the layout has no streams. */
  readonly streamRoom: number;
  /** Told by next() of what the server says of a slot beside answers, one of entryKinds. */
  onTold: (slot: number, kind: number) => void;
  /** The slot that is answered next, after the port saw that one is; -1 for none, or for what a hostile server wrote. */
  next(): number;
  /**
   * Takes what answers a slot. Undefined if that is not all: then the slot is not free yet. Throws RemoteError if the server
   * sent one, and MalformedFrame if it wrote nonsense; the slot is free then. With `lent`, a response that lies in the slot
   * is not copied, but lent, until the slot is used again.
   */
  take(slot: number, lent?: boolean): Uint8Array | undefined;
  /** Ends what goes through a slot in parts, where it is this side's turn: true if it did, and the slot is free now. */
  breakOff(slot: number): boolean;
  /** The request in the slot has lost its caller: the server is told, if the layout has a place for that. */
  cancel(slot: number): void;
  /** Whether the server has begun on the request in a slot: false only if it certainly has not. */
  taken(slot: number): boolean;
  /** The slots are another session's: no answer to what was posted before counts. */
  restart(slots: ClientSlots): void;
}

const sequenceHighMax: number = 2 ** sessionShift - 1;

/** Draws a session's request ids: each is used once, and they rise. */
export class RequestIds {
  low = 0;
  high: number;

  constructor(session: number) {
    this.high = session << sessionShift;
  }

  restart(session: number): void {
    this.low = 0;
    this.high = session << sessionShift;
  }

  /** Throws Disconnected once the session has used all that it has. */
  next(): void {
    this.low = (this.low + 1) | 0;
    if (this.low !== 0) return;
    if ((this.high & sequenceHighMax) === sequenceHighMax) {
      throw new Disconnected('this session has used its 2^44 request ids: attach again');
    }
    this.high += 1;
  }
}

/** Throws TypeError, RangeError or PayloadTooLarge for what cannot be a request. */
export function checkRequest(methodId: number, payload: Uint8Array, bytesMax: number): void {
  if (!(payload instanceof Uint8Array)) throw new TypeError('a payload is a Uint8Array');
  checkFrame(methodId, payload.length, bytesMax);
}

export function checkFrame(methodId: number, bytes: number, bytesMax: number): void {
  if (methodId >>> 0 !== methodId) throw new RangeError(`a method id is an unsigned 32-bit integer, not ${methodId}`);
  if (bytes > bytesMax) throw new PayloadTooLarge(`payload of ${bytes} bytes, at most ${bytesMax} fit the slot`);
}

/** Throws Unsupported unless the lease has a server that RPC clients can speak to. */
export function checkLayout(lease: Lease): void {
  const { name } = lease.readLayout();
  if (name === 'classic' || name === 'slots') return;
  const what = name === 'none' ? 'no server' : `the layout ${JSON.stringify(name)}, which is not one of calls`;
  throw new Unsupported(`lease ${lease.id} has ${what}`);
}

/** As ClientPath.take(), counting what fails. */
export function takeCounted(path: ClientPath, slot: number, meter: CallMeter): Uint8Array | undefined {
  try {
    return path.take(slot);
  } catch (error) {
    meter.failed(error);
    throw error;
  }
}
