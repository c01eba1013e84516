// A lease's memory mapped into this process. Holds the mapping; when it closes, every view is emptied before the
// memory goes, so that a stale view reads nothing and never faults.
import type { Mapping } from '#native';
import { ControlPage, controlPageBytes } from '../../lease/control-page.ts';
import type { ArenaAccess, ArenaAtomics, PlaneName, Window } from '../plane.ts';

export class LocalWindow implements Window {
  readonly plane: PlaneName = 'local';
  readonly arena: Uint8Array;
  readonly control: ControlPage;
  readonly access: MappedArenaAccess;
  readonly #mapping: Mapping;

  /** Takes the mapping over: the arena, then the control area. */
  constructor(mapping: Mapping) {
    const arenaBytes = mapping.buffer.byteLength - controlPageBytes;
    this.#mapping = mapping;
    this.arena = new Uint8Array(mapping.buffer, 0, arenaBytes);
    this.control = new ControlPage(mapping.buffer, arenaBytes);
    this.access = new MappedArenaAccess(this.arena);
  }

  close(): void {
    this.#mapping.close();
  }
}

/** The memory is here, so the processor's own loads, stores and locked instructions are authoritative. */
export class MappedArenaAccess implements ArenaAccess {
  readonly #arena: Uint8Array;
  readonly #words64: BigUint64Array;
  /** Somebody else's, where the processor's own are not atomic with those of all who hold the memory. */
  atomics: ArenaAtomics | undefined;

  constructor(arena: Uint8Array) {
    this.#arena = arena;
    this.#words64 = new BigUint64Array(arena.buffer, 0, arena.length / 8);
  }

  read(offset: number, bytes: number): Promise<Uint8Array> {
    return Promise.resolve(this.#arena.slice(offset, offset + bytes));
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    this.#arena.set(source, offset);
    return Promise.resolve();
  }

  compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    if (this.atomics !== undefined) return this.atomics.compareExchange(offset, expected, desired);
    return Promise.resolve(Atomics.compareExchange(this.#words64, offset / 8, expected, desired));
  }

  fetchAdd(offset: number, delta: bigint): Promise<bigint> {
    if (this.atomics !== undefined) return this.atomics.fetchAdd(offset, delta);
    return Promise.resolve(Atomics.add(this.#words64, offset / 8, delta));
  }
}
