// The client's end of the classic layout: the data path alone. No allocation but the result, no lock, no system call,
// no clock. Who waits, and how long, is client.ts's business.
import { Disconnected, MalformedFrame, PayloadTooLarge, Unsupported } from '../errors.ts';
import type { ClientSlot, Lease } from '../lease/lease.ts';
import type { ClientPort, Window } from '../plane/plane.ts';
import type { CallMeter } from './call-meter.ts';
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
import { decodeRemoteError } from './error-payload.ts';
import { PayloadCopier } from './payload-copier.ts';

const sequenceHighMax: number = 2 ** sessionShift - 1;

export class ClassicClientSlot {
  /** Whether the server had to be woken for the request posted last. */
  serverSlept = false;
  readonly #arena: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #port: ClientPort;
  readonly #copier: PayloadCopier;
  #idLow = 0;
  #idHigh: number;

  constructor(window: Window, slot: ClientSlot) {
    const { arena } = window;
    if (arena.length < arenaBytesMin)
      throw new MalformedFrame(`a slot in ${arena.length} bytes, ${arenaBytesMin} needed`);
    this.#arena = arena;
    this.#words = new Int32Array(arena.buffer, 0, arena.length / 4);
    this.#view = new DataView(arena.buffer);
    this.#port = slot.port;
    this.#port.expectAt(responseStatusAt);
    this.#copier = new PayloadCopier(arena, responseOffset + payloadAt);
    this.#idHigh = slot.session << sessionShift;
  }

  /** The slot is another session's: no answer to what was posted before counts. */
  restart({ session }: ClientSlot): void {
    this.#idLow = 0;
    this.#idHigh = session << sessionShift;
    this.#arena[responseStatusAt] = status.empty;
  }

  /** Writes and publishes a request. Throws, with nothing written, if it cannot be one. The slot must be free. */
  post(methodId: number, payload: Uint8Array): void {
    checkRequest(methodId, payload);
    this.#nextId();
    this.#words[idLowAt / 4] = this.#idLow;
    this.#words[idHighAt / 4] = this.#idHigh;
    this.#words[methodAt / 4] = methodId;
    this.#view.setUint32(requestOffset + lengthAt, payload.length, true);
    this.#arena.set(payload, requestOffset + payloadAt);
    // Publishes: request. From here on both regions are the server's.
    const bytes = payloadAt + payload.length;
    this.serverSlept = this.#port.publish(requestOffset, bytes, requestStatusAt, status.requestReady);
    this.#copier.prepare();
  }

  /**
   * Takes the response that the port saw. Returns undefined, and drops it, if it answers another request than the last
   * one posted; throws RemoteError if the server sent one, and MalformedFrame if it wrote nonsense.
   */
  take(): Uint8Array | undefined {
    const found = this.#arena[responseStatusAt] as number; // Ordered by the port's atomic load.
    const known = found === status.responseReady || found === status.error;
    const bytes = this.#view.getUint32(responseOffset + lengthAt, true); // Read once: the peer may be hostile.
    const ours =
      this.#words[responseWord + idLowAt / 4] === this.#idLow &&
      this.#words[responseWord + idHighAt / 4] === this.#idHigh;
    if (!known || bytes > payloadBytesMax) return this.#rejectFrame(found, bytes);
    if (!ours) return this.#free();
    const payload = this.#copier.copy(bytes);
    this.#free();
    if (found === status.error) throw decodeRemoteError(payload);
    return payload;
  }

  /** As take(), counting what fails. */
  takeCounted(meter: CallMeter): Uint8Array | undefined {
    try {
      return this.take();
    } catch (error) {
      meter.failed(error);
      throw error;
    }
  }

  /** Whether the server has begun on the last request: false only if it certainly has not. */
  get taken(): boolean {
    return Atomics.load(this.#arena, requestStatusAt) !== status.requestReady;
  }

  /**
   * The response's region is the server's again with the next request, which is published after this store: so a plain
   * store will do, and the client does not wait for the line.
   */
  #free(): undefined {
    this.#arena[responseStatusAt] = status.empty;
  }

  #rejectFrame(found: number, bytes: number): never {
    this.#free();
    throw new MalformedFrame(
      `response with status ${found} (3 or 4 allowed) and ${bytes} payload bytes (at most ${payloadBytesMax})`,
      { mayHaveExecuted: true },
    );
  }

  #nextId(): void {
    this.#idLow = (this.#idLow + 1) | 0;
    if (this.#idLow !== 0) return;
    if ((this.#idHigh & sequenceHighMax) === sequenceHighMax) {
      throw new Disconnected('this session has used its 2^44 request ids: attach again');
    }
    this.#idHigh += 1;
  }
}

/** Throws TypeError, RangeError or PayloadTooLarge for what cannot be a request. */
export function checkRequest(methodId: number, payload: Uint8Array): void {
  if (!(payload instanceof Uint8Array)) throw new TypeError('a payload is a Uint8Array');
  if (methodId >>> 0 !== methodId) throw new RangeError(`a method id is an unsigned 32-bit integer, not ${methodId}`);
  if (payload.length > payloadBytesMax) {
    throw new PayloadTooLarge(`payload of ${payload.length} bytes, at most ${payloadBytesMax} fit the slot`);
  }
}

/** Throws Unsupported unless the lease has a server that speaks the classic layout. */
export function checkClassicLayout(lease: Lease): void {
  const { name } = lease.readLayout();
  if (name === 'classic') return;
  const what = name === 'none' ? 'no server' : `the layout ${JSON.stringify(name)}, which this version does not speak`;
  throw new Unsupported(`lease ${lease.id} has ${what}`);
}
