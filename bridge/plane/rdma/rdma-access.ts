// Authoritative access to a lease's bytes at home, from elsewhere: READ, WRITE and the card's atomics.
import type { RemoteRegion } from '#native';
import type { ArenaAccess } from '../plane.ts';
import type { RdmaSession } from './rdma-session.ts';
import type { RdmaStaging } from './rdma-staging.ts';

export class RdmaAccess implements ArenaAccess {
  readonly #session: RdmaSession;
  readonly #staging: RdmaStaging;
  readonly #home: RemoteRegion;

  constructor(session: RdmaSession, staging: RdmaStaging, home: RemoteRegion) {
    this.#session = session;
    this.#staging = staging;
    this.#home = home;
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const result = new Uint8Array(bytes);
    await this.#inChunks(bytes, async (start, length, at) => {
      await this.#session.settle(this.#session.read(this.#staging.region, at, length, this.#home, offset + start));
      result.set(this.#staging.view(at, length), start);
    });
    return result;
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    const bytes = source.slice(); // The caller may use its own again at once, although chunks may have to be waited for.
    await this.#inChunks(bytes.length, (start, length, at) => {
      this.#staging.view(at, length).set(bytes.subarray(start, start + length));
      return this.#session.settle(this.#session.write(this.#staging.region, at, length, this.#home, offset + start));
    });
  }

  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const values = [expected, desired] as const;
    return this.#atomic((at) => this.#session.compareExchange(this.#staging.region, at, this.#home, offset, values));
  }

  fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    return this.#atomic((at) =>
      this.#session.fetchAdd(this.#staging.region, at, this.#home, offset, BigInt.asUintN(64, delta)),
    );
  }

  #atomic(begin: (at: number) => ReturnType<RdmaSession['write']>): Promise<bigint> {
    return this.#staging.withWord(async (at) => {
      await this.#session.settle(begin(at));
      return this.#staging.word(at);
    });
  }

  /** All chunks at once, as far as there are places; the first that fails fails the whole. */
  async #inChunks(
    bytes: number,
    transfer: (start: number, length: number, at: number) => Promise<void>,
  ): Promise<void> {
    const { chunkBytes } = this.#staging;
    const transfers: Promise<void>[] = [];
    for (let start = 0; start < bytes; start += chunkBytes) {
      const length = Math.min(chunkBytes, bytes - start);
      transfers.push(this.#staging.withChunk((at) => transfer(start, length, at)));
    }
    await Promise.all(transfers);
  }
}
