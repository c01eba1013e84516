// Where a card's atomics are atomic only with each other, the home's own have to go through the card as well, for as long
// as somebody holds the lease over RDMA: by a queue pair of this process that is connected to itself.
import { MemoryRegion, RemoteRegion } from '#native';
import type { Random } from '../../environment.ts';
import type { LocalHomeMemory } from '../local/local-plane.ts';
import type { ArenaAtomics } from '../plane.ts';
import { RdmaAccess } from './rdma-access.ts';
import type { RdmaEngine } from './rdma-engine.ts';
import { RdmaSession } from './rdma-session.ts';
import { RdmaStaging } from './rdma-staging.ts';

interface Loop {
  readonly session: RdmaSession;
  readonly staging: RdmaStaging;
}

interface Use {
  readonly region: MemoryRegion;
  holders: number;
  /** Atomics under way, which the region has to outlive. */
  underWay: number;
}

export class RdmaHomeAtomics {
  readonly #engine: RdmaEngine;
  readonly #random: Random;
  readonly #uses = new Map<LocalHomeMemory, Use>();
  #loop: Loop | undefined;

  constructor(engine: RdmaEngine, random: Random) {
    this.#engine = engine;
    this.#random = random;
  }

  /** One more session holds this memory. */
  hold(memory: LocalHomeMemory): void {
    if (this.#engine.context.attributes.atomicScope !== 'hca') return;
    const use = this.#uses.get(memory) ?? this.#begin(memory);
    use.holders += 1;
  }

  /** One session less. The memory is still mapped. */
  drop(memory: LocalHomeMemory): void {
    const use = this.#uses.get(memory);
    if (use === undefined) return;
    use.holders -= 1;
    if (use.holders > 0) return;
    this.#uses.delete(memory);
    memory.setAtomics(undefined);
    if (use.underWay === 0) use.region.close();
  }

  #begin(memory: LocalHomeMemory): Use {
    this.#loop ??= this.#openLoop();
    const { session, staging } = this.#loop;
    const { arena } = memory.window;
    const access = { remoteRead: false, remoteWrite: true, remoteAtomic: true };
    const region = new MemoryRegion(session.domain, arena.buffer as ArrayBuffer, 0, arena.length, access);
    const use: Use = { region, holders: 0, underWay: 0 };
    const home = new RemoteRegion(region.address, region.rkey, arena.length);
    memory.setAtomics(this.#counted(use, new RdmaAccess({ wire: session, staging, home })));
    this.#uses.set(memory, use);
    return use;
  }

  #counted(use: Use, access: ArenaAtomics): ArenaAtomics {
    const counted = async (atomic: () => Promise<bigint>) => {
      use.underWay += 1;
      try {
        return await atomic();
      } finally {
        use.underWay -= 1;
        if (use.underWay === 0 && use.holders === 0) use.region.close();
      }
    };
    return {
      compareExchange: (offset, expected, desired) => counted(() => access.compareExchange(offset, expected, desired)),
      fetchAdd: (offset, delta) => counted(() => access.fetchAdd(offset, delta)),
    };
  }

  #openLoop(): Loop {
    const ended = () => {
      session.close();
      this.#loop = undefined;
    };
    const session = new RdmaSession(this.#engine, this.#random.bytes(3), () => undefined, ended);
    session.connect(session.endpoint, session.testRegion);
    return { session, staging: new RdmaStaging(session) };
  }
}
