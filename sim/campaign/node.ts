// A place where processes run one after another: when one dies, the next begins with nothing, on the same machine and at
// the same address.
import type { NetworkAddress } from '#bridge';
import type { MemoryRecords } from '../memory-registry.ts';
import type { PoolHost } from '../pool-host.ts';
import type { Process } from '../process.ts';
import type { World } from '../world.ts';

export type Role = 'home' | 'holder';

export interface NodeParts {
  readonly role: Role;
  readonly index: number;
  readonly machine: number;
  readonly records: MemoryRecords;
  /** Millionths by which its clock is fast. */
  readonly drift: number;
  /** Its machine, where that shares a pool. */
  readonly pool: PoolHost | undefined;
}

const firstPort = 7000;

export class Node {
  readonly role: Role;
  readonly name: string;
  readonly machine: number;
  readonly address: NetworkAddress;
  readonly rate: number;
  readonly #world: World;
  readonly #records: MemoryRecords;
  readonly #pool: PoolHost | undefined;
  #process: Process | undefined;
  #starts = 0;
  #stops = 0;
  #turnFromMs = 0;

  constructor(world: World, { role, index, machine, records, drift, pool }: NodeParts) {
    this.role = role;
    this.name = `${role}${index}`;
    this.machine = machine;
    this.address = { host: `machine-${machine}`, port: firstPort + index };
    this.rate = 1 + drift / 1e6;
    this.#world = world;
    this.#records = records;
    this.#pool = pool;
  }

  /** The one that lives. */
  get process(): Process | undefined {
    return this.#process;
  }

  /** When, by its clock, its process began with what it does now, or did last. */
  get turnFromMs(): number {
    return this.#turnFromMs;
  }

  get starts(): number {
    return this.#starts;
  }

  start(): Process {
    this.#starts += 1;
    this.#stops = 0;
    const offsetMs = 1000 * this.#starts;
    const enter = (callback: () => void) => this.#enter(callback);
    const [records, pool] = [this.#records, this.#pool];
    this.#process = this.#world.process({ records, pool, far: true, rate: this.rate, offsetMs, enter });
    return this.#process;
  }

  #enter(callback: () => void): void {
    this.#turnFromMs = this.#process?.clock.timeMs ?? 0;
    callback();
  }

  /** Unless somebody has stopped it already, too. */
  stop(): void {
    this.#stops += 1;
    this.#process?.freeze();
  }

  /** When all who stopped it have let it go on. */
  goOn(): void {
    this.#stops = Math.max(0, this.#stops - 1);
    if (this.#stops === 0) this.#process?.thaw();
  }

  /** At once, whoever stopped it. */
  letGo(): void {
    this.#stops = 0;
    this.#process?.thaw();
  }

  kill(): void {
    this.#process?.kill();
    this.#process = undefined;
  }
}
