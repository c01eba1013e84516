// The client's end of the slots layout: its slots lie side by side, and a payload that is longer than one goes through it
// fragment by fragment.
import { MalformedFrame } from '../errors.ts';
import type { SlotLayout } from '../lease/control-page.ts';
import type { ClientSlots, Lease } from '../lease/lease.ts';
import type { ClientPort } from '../plane/plane.ts';
import { entryKinds, entrySlotMask } from '../plane/slot-board.ts';
import { status } from './classic-layout.ts';
import { type ClientPath, checkFrame, checkRequest, RequestIds } from './client-path.ts';
import { decodeRemoteError } from './error-payload.ts';
import { PayloadCopier } from './payload-copier.ts';
import { IncomingPayload, OutgoingPayload } from './payload-transfer.ts';
import { SlotFrames } from './slot-frames.ts';
import { deadlineCode, goOn, openStream, payloadAt } from './slots-layout.ts';
import type { StreamWire } from './stream-end.ts';
import { halfBytes, StreamHalf } from './stream-layout.ts';

export class SlotsClientPath implements ClientPath {
  readonly port: ClientPort;
  readonly slotCount: number;
  readonly payloadBytesMax: number;
  readonly streamRoom: number;
  onTold: (slot: number, kind: number) => void = () => undefined;
  serverSlept = false;
  #first: number;
  readonly #arena: Uint8Array;
  readonly #layout: SlotLayout;
  readonly #frames: SlotFrames;
  #copier: PayloadCopier;
  readonly #ids: RequestIds;
  /** Of the request in each slot. */
  readonly #idLow: Int32Array;
  readonly #idHigh: Int32Array;
  readonly #methodIds: Uint32Array;
  /** What is on its way through a slot and longer than it; one way at a time. */
  readonly #transfers: (OutgoingPayload | IncomingPayload | undefined)[];

  constructor(lease: Pick<Lease, 'window' | 'arenaBytes'>, layout: SlotLayout, slots: ClientSlots) {
    const { arena } = lease.window;
    this.port = slots.port;
    this.slotCount = slots.count;
    this.payloadBytesMax = lease.arenaBytes;
    this.#first = slots.first;
    this.#arena = arena;
    this.streamRoom = halfBytes(layout);
    this.#layout = layout;
    this.#frames = new SlotFrames(arena, layout);
    this.#copier = this.#copierOf(arena);
    this.#ids = new RequestIds(slots.session);
    this.#idLow = new Int32Array(slots.count);
    this.#idHigh = new Int32Array(slots.count);
    this.#methodIds = new Uint32Array(slots.count);
    this.#transfers = new Array(slots.count).fill(undefined);
  }

  restart(slots: ClientSlots): void {
    this.#first = slots.first;
    this.#copier = this.#copierOf(this.#arena);
    this.#ids.restart(slots.session);
    this.#transfers.fill(undefined);
    this.port.restart(slots);
  }

  post(slot: number, methodId: number, payload: Uint8Array, deadlineMs: number): void {
    this.#post(slot, methodId, payload, deadlineMs, status.requestReady);
    this.#copier.prepare();
  }

  checkStreams(): void {
    // Every slot can be one's.
  }

  openStream(slot: number, methodId: number, payload: Uint8Array, deadlineMs: number): StreamWire {
    this.#post(slot, methodId, payload, deadlineMs, openStream);
    const place = this.#first + slot;
    const [outgoing, incoming] = StreamHalf.of(this.#arena, this.#frames.offsetOf(place), this.#layout);
    return {
      outgoing,
      incoming,
      data: (bytes) => this.port.tell(place, entryKinds.data, outgoing.offset, bytes),
      taken: () => this.port.tell(place, entryKinds.taken, 0, 0),
    };
  }

  lend(slot: number, bytes: number): Uint8Array {
    return this.#frames.lend(this.#first + slot, bytes);
  }

  postLent(slot: number, methodId: number, bytes: number, deadlineMs: number): void {
    checkFrame(methodId, bytes, this.#frames.payloadBytes);
    this.#name(slot, methodId);
    this.#publish(slot, bytes, deadlineMs, status.requestReady);
  }

  next(): number {
    for (let entry = this.port.next(); entry !== 0; entry = this.port.next()) {
      const slot = (entry & entrySlotMask) - 1;
      if (slot < 0 || slot >= this.slotCount) continue;
      if (entry <= entrySlotMask) return slot;
      this.onTold(slot, entry & ~entrySlotMask);
    }
    return -1;
  }

  take(slot: number, lent = false): Uint8Array | undefined {
    const place = this.#first + slot;
    const found = this.#frames.statusOf(place);
    const transfer = this.#transfers[slot];
    if (found === goOn && transfer instanceof OutgoingPayload && transfer.bytesLeft > 0) {
      return this.#sendNext(slot, transfer);
    }
    this.#frames.read(place); // Once: the peer may be hostile.
    const { bytes, idLow, idHigh, payloadBytes } = this.#frames;
    const ours = idLow === this.#idLow[slot] && idHigh === this.#idHigh[slot];
    const left = transfer instanceof IncomingPayload ? transfer.bytesLeft : bytes;
    if (!isAnswer(found) || !ours || bytes !== left || bytes > this.payloadBytesMax) {
      return this.#reject(slot, found, bytes);
    }
    if (bytes > payloadBytes || transfer instanceof IncomingPayload) return this.#takeFragment(slot, found, bytes);
    this.free(slot);
    if (found === status.error) throw decodeRemoteError(this.#copier.copy(bytes, slot));
    return lent ? this.#frames.lend(place, bytes) : this.#copier.copy(bytes, slot);
  }

  breakOff(slot: number): boolean {
    this.#frames.read(this.#first + slot);
    const inParts = this.#transfers[slot] !== undefined || this.#frames.bytes > this.#frames.payloadBytes;
    if (inParts) this.free(slot);
    return inParts;
  }

  cancel(slot: number): void {
    this.port.tell(this.#first + slot, entryKinds.cancel, 0, 0);
  }

  taken(slot: number): boolean {
    const found = this.#frames.statusOf(this.#first + slot);
    return found !== status.requestReady && found !== openStream;
  }

  #copierOf(arena: Uint8Array): PayloadCopier {
    const { stride } = this.#frames;
    return new PayloadCopier(arena, this.#frames.offsetOf(this.#first) + payloadAt, stride, this.slotCount);
  }

  #name(slot: number, methodId: number): void {
    this.#ids.next();
    this.#idLow[slot] = this.#ids.low;
    this.#idHigh[slot] = this.#ids.high;
    this.#methodIds[slot] = methodId;
  }

  #post(slot: number, methodId: number, payload: Uint8Array, deadlineMs: number, published: number): void {
    checkRequest(methodId, payload, this.payloadBytesMax);
    this.#name(slot, methodId);
    const { payloadBytes } = this.#frames;
    const bytes = payload.length;
    if (bytes <= payloadBytes) {
      this.#frames.fill(this.#first + slot, payload);
    } else {
      const outgoing = new OutgoingPayload(published, Uint8Array.from(payload));
      this.#transfers[slot] = outgoing;
      this.#frames.fill(this.#first + slot, outgoing.next(payloadBytes));
    }
    this.#publish(slot, bytes, deadlineMs, published);
  }

  /** A request, or a fragment of one: `bytes` are what is left of it. */
  #publish(slot: number, bytes: number, deadlineMs: number, published: number): void {
    const place = this.#first + slot;
    const code = deadlineMs === Number.POSITIVE_INFINITY ? 0 : deadlineCode(deadlineMs);
    const methodId = this.#methodIds[slot] as number;
    const frames = this.#frames;
    frames.write(place, this.#idLow[slot] as number, this.#idHigh[slot] as number, methodId, bytes, code);
    // Publishes: request. From here on the slot is the server's.
    const frameBytes = frames.frameBytes(bytes);
    this.serverSlept = this.port.publish(place, frames.offsetOf(place), frameBytes, published);
  }

  #sendNext(slot: number, outgoing: OutgoingPayload): undefined {
    const { bytesLeft } = outgoing;
    this.#frames.fill(this.#first + slot, outgoing.next(this.#frames.payloadBytes));
    this.#publish(slot, bytesLeft, Number.POSITIVE_INFINITY, outgoing.status);
  }

  #takeFragment(slot: number, found: number, bytes: number): Uint8Array | undefined {
    const place = this.#first + slot;
    const transfer = this.#transfers[slot];
    const incoming = transfer instanceof IncomingPayload ? transfer : new IncomingPayload(bytes);
    if (!incoming.add(this.#frames.lend(place, bytes))) {
      this.#transfers[slot] = incoming;
      this.port.publish(place, this.#frames.offsetOf(place), this.#frames.frameBytes(0), goOn);
      return undefined;
    }
    this.free(slot);
    if (found === status.error) throw decodeRemoteError(incoming.payload);
    return incoming.payload;
  }

  #reject(slot: number, found: number, bytes: number): never {
    this.free(slot);
    throw new MalformedFrame(`response with status ${found} and ${bytes} payload bytes, to another request perhaps`, {
      mayHaveExecuted: true,
    });
  }

  /** Read by nobody but this client until its next request is published, after this store: so a plain store will do. */
  free(slot: number): void {
    this.#transfers[slot] = undefined;
    this.#frames.setStatus(this.#first + slot, status.empty);
  }
}

function isAnswer(found: number): boolean {
  return found === status.responseReady || found === status.error;
}
