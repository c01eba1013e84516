// The server's end of the classic layout: the data path alone. Every field of a request is read once, copied, and
// checked in the copy, because the client may write at any time.
import { invariant } from '../invariant.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import type { ServerPort } from '../plane/plane.ts';
import {
  arenaBytesMin,
  idHighAt,
  idLowAt,
  lengthAt,
  methodAt,
  payloadAt,
  payloadBytesMax,
  requestOffset,
  requestStatusAt,
  responseOffset,
  responseStatusAt,
  responseWord,
  sessionShift,
  status,
} from './classic-layout.ts';
import { PayloadCopier } from './payload-copier.ts';

const classicSlot = 0;

/** What names a request, and its response. */
export interface RequestHeader {
  readonly idLow: number;
  readonly idHigh: number;
  readonly methodId: number;
}

/** What take() found. */
export type Taken = 'nothing' | 'request' | 'malformed';

export class ClassicServerSlot implements RequestHeader {
  /** Of the request taken last, until the next is taken. */
  methodId = 0;
  payload: Uint8Array = new Uint8Array(0);
  idLow = 0;
  idHigh = 0;
  /** Why the request taken last is malformed. */
  fault = '';
  /** The highest id that the slot's client has used. */
  #lastLow = 0;
  #lastHigh = 0;
  readonly #lease: HomeLease;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #port: ServerPort;
  readonly #copier: PayloadCopier;

  constructor(lease: HomeLease, port: ServerPort) {
    const { arena } = lease.window;
    this.#lease = lease;
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, 0, arena.length / 4);
    this.#view = new DataView(arena.buffer);
    this.#port = port;
    this.#port.expectAt(classicSlot, requestStatusAt);
    this.#copier = new PayloadCopier(arena, requestOffset + payloadAt);
  }

  /** Observes: request. */
  get ready(): boolean {
    this.#port.observe();
    return Atomics.load(this.#arena, requestStatusAt) === status.requestReady;
  }

  /** Takes the request that `ready` saw, and marks it so that a client whose server dies knows that it may have run. */
  take(): Taken {
    const idLow = this.#words[idLowAt / 4] as number;
    const idHigh = this.#words[idHighAt / 4] as number;
    this.methodId = (this.#words[methodAt / 4] as number) >>> 0;
    const bytes = this.#view.getUint32(requestOffset + lengthAt, true);
    // Until the response is published the client only reads this, and only after this process's death: a plain store.
    this.#arena[requestStatusAt] = status.processing;
    const fault = this.#faultOf(idLow, idHigh, bytes);
    this.idLow = idLow;
    this.idHigh = idHigh;
    if (fault !== undefined) {
      this.fault = fault;
      return this.#lease.sessionOf(classicSlot) === undefined ? 'nothing' : 'malformed';
    }
    this.#lastLow = idLow;
    this.#lastHigh = idHigh;
    this.payload = this.#copier.copy(bytes);
    return 'request';
  }

  /** Whether the client that posted a request is still the slot's. */
  isCurrent(idHigh: number): boolean {
    return this.#lease.sessionOf(classicSlot) === idHigh >>> sessionShift;
  }

  /** Writes and publishes the response to a request. The payload must fit. */
  respond(request: RequestHeader, outcome: 'response' | 'error', payload: Uint8Array): void {
    invariant(payload.length <= payloadBytesMax, 'a response fits its region');
    this.#words[responseWord + idLowAt / 4] = request.idLow;
    this.#words[responseWord + idHighAt / 4] = request.idHigh;
    this.#words[responseWord + methodAt / 4] = request.methodId;
    this.#view.setUint32(responseOffset + lengthAt, payload.length, true);
    this.#arena.set(payload, responseOffset + payloadAt);
    const published = outcome === 'response' ? status.responseReady : status.error;
    // Publishes: response. From here on both regions are the client's.
    this.#port.publish(classicSlot, responseOffset, payloadAt + payload.length, responseStatusAt, published);
    this.#copier.prepare();
  }

  /** The client is gone: the next one finds an empty slot, and no byte of its predecessor. */
  wipe(): void {
    this.#arena.fill(0, 0, arenaBytesMin);
    this.#lastLow = 0;
    this.#lastHigh = 0;
  }

  /** Ids must lie in the session's range and rise: so nothing runs twice, nor for a client that has left. */
  #faultOf(idLow: number, idHigh: number, bytes: number): string | undefined {
    if (bytes > payloadBytesMax) return `payload of ${bytes} bytes, at most ${payloadBytesMax} allowed`;
    if (!this.isCurrent(idHigh)) return `request id of session ${idHigh >>> sessionShift}, which has no slot here`;
    const highRises = idHigh >>> 0 > this.#lastHigh >>> 0;
    const rises = highRises || (idHigh === this.#lastHigh && idLow >>> 0 > this.#lastLow >>> 0);
    return rises ? undefined : 'request id that does not rise';
  }
}
