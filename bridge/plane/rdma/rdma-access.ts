// Authoritative access to a lease's bytes at home, from elsewhere: READ, WRITE and the card's atomics.
import { Disconnected } from '../../errors.ts';
import type { ArenaAccess } from '../plane.ts';
import type { RdmaPath } from './rdma-path.ts';
import type { Operation } from './rdma-requests.ts';
import type { RdmaStaging } from './rdma-staging.ts';

export class RdmaAccess implements ArenaAccess {
  #path: RdmaPath | undefined;

  /** The path can be given later, and anew. */
  constructor(path?: RdmaPath) {
    this.#path = path;
  }

  set path(path: RdmaPath) {
    this.#path = path;
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const { wire, staging, home } = this.#reached;
    const result = new Uint8Array(bytes);
    await inChunks(staging, bytes, async (start, length, at) => {
      await wire.settle(wire.read(staging.region, at, length, home, offset + start));
      result.set(staging.view(at, length), start);
    });
    return result;
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    const { wire, staging, home } = this.#reached;
    // The caller may use its own again at once, although chunks may have to be waited for.
    const bytes = staging.hasRoomFor(source.length) ? source : Uint8Array.from(source);
    await inChunks(staging, bytes.length, (start, length, at) => {
      staging.view(at, length).set(bytes.subarray(start, start + length));
      return wire.settle(wire.write(staging.region, at, length, home, offset + start));
    });
  }

  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const values = [expected, desired] as const;
    return this.#atomic(({ wire, staging, home }, at) =>
      wire.compareExchange(staging.region, at, home, offset, values),
    );
  }

  fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    const wrapped = BigInt.asUintN(64, delta);
    return this.#atomic(({ wire, staging, home }, at) => wire.fetchAdd(staging.region, at, home, offset, wrapped));
  }

  async #atomic(begin: (path: RdmaPath, at: number) => Operation): Promise<bigint> {
    const path = this.#reached;
    return path.staging.withWord(async (at) => {
      await path.wire.settle(begin(path, at));
      return path.staging.word(at);
    });
  }

  get #reached(): RdmaPath {
    if (this.#path === undefined) throw new Disconnected('the lease is not bound yet');
    return this.#path;
  }
}

/** All chunks at once, as far as there are places; the first that fails fails the whole. */
async function inChunks(
  staging: RdmaStaging,
  bytes: number,
  transfer: (start: number, length: number, at: number) => Promise<void>,
): Promise<void> {
  const { chunkBytes } = staging;
  const transfers: Promise<void>[] = [];
  for (let start = 0; start < bytes; start += chunkBytes) {
    const length = Math.min(chunkBytes, bytes - start);
    transfers.push(staging.withChunk((at) => transfer(start, length, at)));
  }
  await Promise.all(transfers);
}
