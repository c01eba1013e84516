// Authoritative access to a lease's bytes at home, from elsewhere: the home's card reads and writes them.
import { type ArenaAccess, Disconnected } from '#bridge';
import type { FarEnd } from './far-end.ts';
import type { FarPath } from './far-path.ts';

export class FarAccess implements ArenaAccess {
  #path: FarPath<FarEnd> | undefined;

  /** The lease is reached by this path from here on. */
  connect(path: FarPath<FarEnd>): void {
    this.#path = path;
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    const { end, binding } = this.#reached;
    return (await end.request({ op: 'read', binding, offset, bytes })) as Uint8Array;
  }

  async write(offset: number, source: Uint8Array): Promise<void> {
    const { end, binding } = this.#reached;
    await end.request({ op: 'write', binding, offset, source: Uint8Array.from(source) });
  }

  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const { end, binding } = this.#reached;
    return (await end.request({ op: 'compareExchange', binding, offset, expected, desired })) as bigint;
  }

  async fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    const { end, binding } = this.#reached;
    return (await end.request({ op: 'fetchAdd', binding, offset, delta })) as bigint;
  }

  get #reached(): FarPath<FarEnd> {
    if (this.#path === undefined) throw new Disconnected('the lease is not bound yet');
    return this.#path;
  }
}
