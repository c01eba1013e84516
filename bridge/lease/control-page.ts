// The control area that follows a lease's bytes in its memory. Written by the lease's home, but for each client's own
// sleeper word; read by every holder. Little-endian.
//
//     offset  size  field          written
//          0     8  magic          once: "LEASEWIR"
//          8     4  version        once: 1
//         12     4  state          status in the low byte, generation (its low 24 bits) above it
//         16    16  lease id       once
//         32     8  generation     with each new generation, before the state
//         40     8  arena bytes    once; the control area begins there
//         48     4  layout         by the server, when it opens: 0 none, 1 classic, 2 slots, 3 queue
//         52     4  slot count     by the server, before the layout
//         56     4  slot stride    by the server, before the layout; bytes
//         60     4  control bytes  once; size of this area
//        128     4  server sleeps  by the server: not 0 while it waits for its doorbell, and another number each time
//        256     4  client sleeps  by the one client: likewise. Those of the slots layout have it on their board
//
// The first line is read at every call and written hardly ever; each sleeper word has a line to itself, so that
// neither side's going to sleep takes a line from the other's hot path.
import { MalformedFrame } from '../errors.ts';
import { type LeaseId, leaseIdBytes, leaseIdFromBytes, leaseIdToBytes } from './lease-id.ts';
import { type EndReason, leaseStatusBytes, leaseStatusOfByte } from './lease-status.ts';

export const controlPageBytes = 4096;
const magic = 0x524957455341454cn;
const version = 1;

/** Indices into the control area seen as an Int32Array: bytes / 4. */
const word = {
  version: 2,
  state: 3,
  layout: 12,
  slotCount: 13,
  slotStride: 14,
  controlBytes: 15,
  serverSleeps: 32,
  clientSleeps: 64,
} as const;
const leaseIdOffset = 16;
const generationIndex64 = 4;
const arenaBytesIndex64 = 5;

export const stateWord: number = word.state;
export const serverSleepsWord: number = word.serverSleeps;
export const clientSleepsWord: number = word.clientSleeps;

/** A layout as the control page names it. */
export const layoutIds = { none: 0, classic: 1, slots: 2, queue: 3 } as const;
export type LayoutName = keyof typeof layoutIds;

export interface SlotLayout {
  readonly name: LayoutName;
  readonly slotCount: number;
  /** Bytes from one slot to the next; 0 where there is but one. */
  readonly slotStride: number;
}

export interface LeaseIdentity {
  readonly lease: LeaseId;
  readonly generation: number;
  readonly arenaBytes: number;
}

/** What the state word holds while `generation` stands as `status`. Comparing it is the hot path's whole lease check. */
export function stateOf(status: EndReason | 'active', generation: number): number {
  return leaseStatusBytes[status] | ((generation & 0xffffff) << 8) | 0;
}

/** One process's view of a lease's control area. */
export class ControlPage {
  /** The area as 32-bit words; of length 0 once the lease's window is closed. */
  readonly words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words64: BigUint64Array;

  constructor(buffer: ArrayBuffer, offset: number) {
    this.words = new Int32Array(buffer, offset, controlPageBytes / 4);
    this.#bytes = new Uint8Array(buffer, offset, controlPageBytes);
    this.#words64 = new BigUint64Array(buffer, offset, controlPageBytes / 8);
  }

  /** Home: fills the fresh area. */
  initialise(identity: LeaseIdentity): void {
    this.#words64[0] = magic;
    this.#bytes.set(leaseIdToBytes(identity.lease), leaseIdOffset);
    this.#words64[arenaBytesIndex64] = BigInt(identity.arenaBytes);
    Atomics.store(this.words, word.version, version);
    Atomics.store(this.words, word.controlBytes, controlPageBytes);
    this.setState('active', identity.generation);
  }

  /** Holder: throws MalformedFrame unless the area is that of the lease which the home said it granted. */
  verify(expected: LeaseIdentity): void {
    const found = [
      this.#words64[0] === magic,
      Atomics.load(this.words, word.version) === version,
      leaseIdFromBytes(this.#bytes.subarray(leaseIdOffset, leaseIdOffset + leaseIdBytes)) === expected.lease,
      this.#words64[arenaBytesIndex64] === BigInt(expected.arenaBytes),
      Atomics.load(this.words, word.controlBytes) === controlPageBytes,
    ];
    const names = ['magic', 'version', 'lease id', 'arena size', 'control size'];
    const wrong = names.filter((_, index) => !found[index]);
    if (wrong.length > 0) {
      throw new MalformedFrame(`the control page of lease ${expected.lease} has a wrong ${wrong.join(', ')}`);
    }
  }

  /** Home: the lease stands as `status` from here on. Publishes: lease state. */
  setState(status: EndReason | 'active', generation: number): void {
    Atomics.store(this.#words64, generationIndex64, BigInt(generation));
    Atomics.store(this.words, word.state, stateOf(status, generation));
  }

  /** Observes: lease state. A generation that is not the expected one means that the lease was granted anew. */
  readStatus(generation: number): EndReason | 'active' {
    const state = Atomics.load(this.words, word.state);
    const status = leaseStatusOfByte(state & 0xff);
    return status === 'active' && state !== stateOf('active', generation) ? 'revoked' : status;
  }

  /** Home's server: says how the lease's bytes are used from here on. */
  setLayout(layout: SlotLayout): void {
    Atomics.store(this.words, word.slotCount, layout.slotCount);
    Atomics.store(this.words, word.slotStride, layout.slotStride);
    Atomics.store(this.words, word.layout, layoutIds[layout.name]);
  }

  /** The layout, or MalformedFrame for a number that stands for none. */
  readLayout(): SlotLayout {
    const id = Atomics.load(this.words, word.layout);
    const name = (Object.keys(layoutIds) as LayoutName[]).find((key) => layoutIds[key] === id);
    if (name === undefined) throw new MalformedFrame(`unknown layout ${id} in the control page`);
    const slotCount = Atomics.load(this.words, word.slotCount);
    const slotStride = Atomics.load(this.words, word.slotStride);
    return { name, slotCount, slotStride };
  }
}
