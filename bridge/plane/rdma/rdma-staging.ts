// Registered memory that READs land in and WRITEs leave from: what a program reads or writes is copied once here, so that
// nothing of the program's own has to be registered. Chunks are taken and given back; who finds none waits in order.
import { MemoryRegion } from '#native';
import { rdmaStagingChunkBytes, rdmaStagingChunks, rdmaStagingWords } from '../../limits.ts';
import { mapOwn } from './own-mapping.ts';
import type { RdmaSession } from './rdma-session.ts';

const chunkBytes = rdmaStagingChunkBytes;
const chunkCount = rdmaStagingChunks;
const wordBytes = 8;
const wordCount = rdmaStagingWords;

export class RdmaStaging {
  readonly chunkBytes: number = chunkBytes;
  readonly region: MemoryRegion;
  readonly #mapping = mapOwn(chunkBytes * chunkCount + wordBytes * wordCount);
  readonly #bytes: Uint8Array;
  readonly #words: BigUint64Array;
  readonly #chunks = new Places(0, chunkBytes, chunkCount);
  readonly #wordPlaces = new Places(chunkBytes * chunkCount, wordBytes, wordCount);

  constructor(session: RdmaSession) {
    const { buffer } = this.#mapping;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new BigUint64Array(buffer);
    this.region = new MemoryRegion(session.domain, buffer, 0, buffer.byteLength, {
      remoteRead: false,
      remoteWrite: false,
      remoteAtomic: false,
    });
  }

  /** Whether chunks for so many bytes are free now. */
  hasRoomFor(bytes: number): boolean {
    return bytes <= this.#chunks.free * chunkBytes;
  }

  /** Uses a chunk, at the offset that `use` is given. */
  withChunk<T>(use: (offset: number) => Promise<T>): Promise<T> {
    return this.#chunks.using(use);
  }

  /** Uses a place for one 64-bit word. */
  withWord<T>(use: (offset: number) => Promise<T>): Promise<T> {
    return this.#wordPlaces.using(use);
  }

  view(offset: number, bytes: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + bytes);
  }

  word(offset: number): bigint {
    return this.#words[offset / wordBytes] as bigint;
  }

  close(): void {
    this.region.close();
    this.#mapping.close();
  }
}

/** Equal places in a row, lent one by one. */
class Places {
  readonly #free: number[];
  readonly #waiting: ((offset: number) => void)[] = [];

  constructor(start: number, bytes: number, count: number) {
    this.#free = Array.from({ length: count }, (_, index) => start + bytes * (count - 1 - index));
  }

  get free(): number {
    return this.#free.length;
  }

  async using<T>(use: (offset: number) => Promise<T>): Promise<T> {
    const offset = this.#free.pop() ?? (await new Promise<number>((resolve) => this.#waiting.push(resolve)));
    try {
      return await use(offset);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(offset);
      else next(offset);
    }
  }
}
