// The server's end of the classic layout: one client, one call at a time, no cancellation and no deadline to be told.
import type { SlotGrant } from '../control/messages.ts';
import { invariant } from '../invariant.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import type { ServerPort } from '../plane/plane.ts';
import type { SlotRange } from '../plane/slot-board.ts';
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
  responseWord,
  status,
} from './classic-layout.ts';
import { PayloadCopier } from './payload-copier.ts';
import { type RequestHeader, ServedCall } from './served-call.ts';
import { type ServerPath, SessionIds, type Taken } from './server-path.ts';

const client = 0;
const slot = 0;

export class ClassicServerPath implements ServerPath {
  readonly responseBytesMax: number = payloadBytesMax;
  readonly #lease: HomeLease;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #port: ServerPort;
  readonly #copier: PayloadCopier;
  #ids: SessionIds | undefined;
  #call: ServedCall | undefined;

  constructor(lease: HomeLease, port: ServerPort) {
    const { arena } = lease.window;
    this.#lease = lease;
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, 0, arena.length / 4);
    this.#view = new DataView(arena.buffer);
    this.#port = port;
    this.#copier = new PayloadCopier(arena, requestOffset + payloadAt);
  }

  get ready(): boolean {
    this.#port.observe();
    // While a call runs, both regions are the server's, whatever a client may write.
    return this.#call === undefined && Atomics.load(this.#arena, requestStatusAt) === status.requestReady; // Observes: request.
  }

  take(lent = false): Taken {
    if (!this.ready) return undefined;
    const idLow = this.#words[idLowAt / 4] as number;
    const idHigh = this.#words[idHighAt / 4] as number;
    const methodId = (this.#words[methodAt / 4] as number) >>> 0;
    const bytes = this.#view.getUint32(requestOffset + lengthAt, true);
    // Until the response is published the client only reads this, and only after this process's death: a plain store.
    this.#arena[requestStatusAt] = status.processing;
    const header = { client, slot, idLow, idHigh, methodId };
    const fault = this.#faultOf(idLow, idHigh, bytes);
    if (fault !== undefined) return { ...header, fault, answer: this.#ids !== undefined };
    this.#ids?.use(idLow, idHigh);
    const { clock } = this.#lease.context.environment;
    const from = requestOffset + payloadAt;
    const payload = lent ? this.#arena.subarray(from, from + bytes) : this.#copier.copy(bytes);
    this.#call = new ServedCall(header, payload, Number.POSITIVE_INFINITY, clock);
    return this.#call;
  }

  runs(call: RequestHeader): boolean {
    return this.#call === call;
  }

  lend(_call: RequestHeader, bytes: number): Uint8Array {
    return this.#arena.subarray(responseOffset + payloadAt, responseOffset + payloadAt + bytes);
  }

  respond(call: RequestHeader, published: number, payload: Uint8Array): void {
    invariant(payload.length <= payloadBytesMax, 'a response fits its region');
    this.#arena.set(payload, responseOffset + payloadAt);
    this.#publish(call, published, payload.length);
    this.#copier.prepare();
  }

  respondLent(call: RequestHeader, bytes: number): void {
    this.#publish(call, status.responseReady, bytes);
  }

  clientCame({ session }: SlotGrant): void {
    this.#ids = new SessionIds(session);
  }

  /** The next client finds an empty slot, and no byte of its predecessor. */
  clientGone(_slots: SlotRange, reason: Error): void {
    this.#arena.fill(0, 0, arenaBytesMin);
    this.#ids = undefined;
    this.giveUpAll(reason);
  }

  giveUpAll(reason: Error): void {
    this.#call?.giveUp(reason);
    this.#call = undefined;
  }

  #publish(call: RequestHeader, published: number, bytes: number): void {
    this.#call = undefined;
    this.#words[responseWord + idLowAt / 4] = call.idLow;
    this.#words[responseWord + idHighAt / 4] = call.idHigh;
    this.#words[responseWord + methodAt / 4] = call.methodId;
    this.#view.setUint32(responseOffset + lengthAt, bytes, true);
    // Publishes: response. From here on both regions are the client's.
    this.#port.publish(client, slot, responseOffset, payloadAt + bytes, published);
  }

  #faultOf(idLow: number, idHigh: number, bytes: number): string | undefined {
    if (bytes > payloadBytesMax) return `payload of ${bytes} bytes, at most ${payloadBytesMax} allowed`;
    if (this.#ids === undefined) return 'a request in a slot that nobody has';
    return this.#ids.fault(idLow, idHigh);
  }
}
