// A simulation: processes that share a timeline, a network and a machine's memory, all drawn from one seed. The same
// seed, and the same program, give the same run.
import { FarFabric } from './far-fabric.ts';
import { MemoryNetwork } from './memory-network.ts';
import type { MemoryMachine } from './memory-plane.ts';
import { MemoryRecords } from './memory-registry.ts';
import { Process, type ProcessOptions, type Surroundings } from './process.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';

/** More than any test wants. */
const machineBytes: number = 2 ** 30;
const machineDoorbells = 1024;

export class World implements Surroundings {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: MemoryNetwork = new MemoryNetwork();
  readonly fabric: FarFabric;
  readonly machine: MemoryMachine = {
    attachments: { open: 0 },
    wakeMs: () => 0,
    preemptMs: () => 0,
    freeBytes: machineBytes,
    freeDoorbells: machineDoorbells,
  };
  readonly records: MemoryRecords = new MemoryRecords();

  constructor(seed = 1, options: VirtualClockOptions = {}) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.clock = new VirtualClock(options);
    this.fabric = new FarFabric(this.clock);
  }

  /** Starts a process. */
  process(options: ProcessOptions = {}): Process {
    return new Process(this, options);
  }
}
