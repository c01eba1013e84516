// A lease's memory in a simulation: one ArrayBuffer that home and holders all see. It is emptied when the last window
// and the last handle on it close, as nothing can be detached for one holder alone; a closed window's `arena` is empty
// at once.
import { type ArenaAccess, ControlPage, controlPageBytes, invariant, type PlaneName, type Window } from '#bridge';
import { CountedResource } from './memory-attachment.ts';

/** The bytes, for as long as a window or a handle is open. */
export class MemorySegment extends CountedResource {
  readonly buffer: ArrayBuffer;

  constructor(memory: number | ArrayBuffer) {
    super();
    this.buffer = typeof memory === 'number' ? new ArrayBuffer(memory) : memory;
  }

  /** How whoever sees the memory reads and writes it. */
  accessTo(arena: Uint8Array): ArenaAccess {
    return new MemoryAccess(arena);
  }

  /** What its home has said of the lease is there for all to see. */
  settle(): void {
    // All see the same.
  }

  /** Every view is empty from here on, as the local plane's are when it unmaps. */
  protected override onUnused(): void {
    structuredClone(this.buffer, { transfer: [this.buffer] });
  }
}

export interface MirrorOf {
  readonly access: ArenaAccess;
  readonly plane: PlaneName;
}

export class MemoryWindow implements Window {
  readonly plane: PlaneName;
  readonly control: ControlPage;
  readonly access: ArenaAccess;
  readonly #segment: MemorySegment;
  #arena: Uint8Array;

  /** `mirror` says how the bytes at home are reached, where these are only a mirror of them. */
  constructor(segment: MemorySegment, mirror?: MirrorOf) {
    const arenaBytes = segment.buffer.byteLength - controlPageBytes;
    invariant(arenaBytes > 0, 'a window is opened on bytes that are there');
    segment.retain();
    this.#segment = segment;
    this.#arena = new Uint8Array(segment.buffer, 0, arenaBytes);
    this.control = new ControlPage(segment.buffer, arenaBytes);
    this.access = mirror?.access ?? segment.accessTo(this.#arena);
    this.plane = mirror?.plane ?? 'sim';
  }

  get arena(): Uint8Array {
    return this.#arena;
  }

  get closed(): boolean {
    return this.#arena.length === 0;
  }

  close(): void {
    if (this.closed) return;
    this.#arena = this.#arena.subarray(0, 0);
    this.#segment.release();
  }
}

class MemoryAccess implements ArenaAccess {
  readonly #bytes: Uint8Array;
  readonly #words64: BigUint64Array;

  constructor(arena: Uint8Array) {
    this.#bytes = arena;
    this.#words64 = new BigUint64Array(arena.buffer, 0, arena.length / 8);
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    return this.#bytes.slice(offset, offset + bytes);
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    this.#bytes.set(source, offset);
  }

  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    return Atomics.compareExchange(this.#words64, offset / 8, expected, desired);
  }

  async fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    return Atomics.add(this.#words64, offset / 8, delta);
  }
}
