// The client's end of the classic layout: one slot, in two regions.
import { MalformedFrame, Unsupported } from '../errors.ts';
import type { ClientSlots, Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
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
  status,
} from './classic-layout.ts';
import { type ClientPath, checkFrame, checkRequest, RequestIds } from './client-path.ts';
import { decodeRemoteError } from './error-payload.ts';
import { PayloadCopier } from './payload-copier.ts';

export class ClassicClientPath implements ClientPath {
  readonly port: ClientPort;
  readonly slotCount = 1;
  readonly payloadBytesMax: number = payloadBytesMax;
  readonly streamRoom = 0;
  onTold: (slot: number, kind: number) => void = () => undefined;
  serverSlept = false;
  readonly #first: number;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #copier: PayloadCopier;
  readonly #ids: RequestIds;

  constructor({ window: { arena } }: Pick<Lease, 'window'>, slots: ClientSlots) {
    if (arena.length < arenaBytesMin)
      throw new MalformedFrame(`a slot in ${arena.length} bytes, ${arenaBytesMin} needed`);
    this.port = slots.port;
    this.#first = slots.first;
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, 0, arena.length / 4);
    this.#view = new DataView(arena.buffer);
    this.#copier = new PayloadCopier(arena, responseOffset + payloadAt);
    this.#ids = new RequestIds(slots.session);
  }

  restart(slots: ClientSlots): void {
    this.port.restart(slots);
    this.#ids.restart(slots.session);
  }

  post(_slot: number, methodId: number, payload: Uint8Array): void {
    checkRequest(methodId, payload, payloadBytesMax);
    this.#ids.next();
    this.#arena.set(payload, requestOffset + payloadAt);
    this.#publish(methodId, payload.length);
    this.#copier.prepare();
  }

  lend(_slot: number, bytes: number): Uint8Array {
    return this.#arena.subarray(requestOffset + payloadAt, requestOffset + payloadAt + bytes);
  }

  postLent(_slot: number, methodId: number, bytes: number): void {
    checkFrame(methodId, bytes, payloadBytesMax);
    this.#ids.next();
    this.#publish(methodId, bytes);
  }

  checkStreams(): never {
    throw new Unsupported('streams take a lease in the slots layout, this is in the classic one');
  }

  openStream(): never {
    return this.checkStreams();
  }

  free(): void {
    this.#free();
  }

  next(): number {
    return this.port.next() - 1;
  }

  take(_slot: number, lent = false): Uint8Array | undefined {
    const found = this.#arena[responseStatusAt] as number; // Ordered by the port's atomic load.
    const known = found === status.responseReady || found === status.error;
    const bytes = this.#view.getUint32(responseOffset + lengthAt, true); // Read once: the peer may be hostile.
    const ours =
      this.#words[responseWord + idLowAt / 4] === this.#ids.low &&
      this.#words[responseWord + idHighAt / 4] === this.#ids.high;
    this.#free();
    if (!known || bytes > payloadBytesMax) throw malformed(found, bytes);
    if (!ours) return undefined;
    if (found === status.error) throw decodeRemoteError(this.#copier.copy(bytes));
    return lent ? this.#lentResponse(bytes) : this.#copier.copy(bytes);
  }

  breakOff(): boolean {
    return false; // Nothing goes in parts.
  }

  cancel(): void {
    // The layout has no place for it.
  }

  taken(): boolean {
    return Atomics.load(this.#arena, requestStatusAt) !== status.requestReady;
  }

  #lentResponse(bytes: number): Uint8Array {
    return this.#arena.subarray(responseOffset + payloadAt, responseOffset + payloadAt + bytes);
  }

  #publish(methodId: number, bytes: number): void {
    this.#words[idLowAt / 4] = this.#ids.low;
    this.#words[idHighAt / 4] = this.#ids.high;
    this.#words[methodAt / 4] = methodId;
    this.#view.setUint32(requestOffset + lengthAt, bytes, true);
    // Publishes: request. From here on both regions are the server's.
    this.serverSlept = this.port.publish(this.#first, requestOffset, payloadAt + bytes, status.requestReady);
  }

  /**
   * The response's region is the server's again with the next request, which is published after this store: so a plain
   * store will do, and the client does not wait for the line.
   */
  #free(): void {
    this.#arena[responseStatusAt] = status.empty;
  }
}

function malformed(found: number, bytes: number): MalformedFrame {
  return new MalformedFrame(
    `response with status ${found} (3 or 4 allowed) and ${bytes} payload bytes (at most ${payloadBytesMax})`,
    { mayHaveExecuted: true },
  );
}
