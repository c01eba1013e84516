// The conformance suite between two machines that share a pool: the suite is a process of one, homes are processes of the
// other, where one that stays is asked for the services there.
import { systemEnvironment } from '#bridge';
import { describeConformance } from '../sdk/conformance/index.ts';
import { FarFabric } from './far-fabric.ts';
import { LiveClock } from './live-clock.ts';
// Has the public classes use the process that runs.
import './memory-fabric.ts';
import { MemoryHome } from './memory-home.test.support.ts';
import { MemoryNetwork } from './memory-network.ts';
import { MemoryProcess } from './memory-process.ts';
import { MemoryRecords } from './memory-registry.ts';
import { Pool } from './pool.ts';
import type { Surroundings } from './process.ts';
import { SeededRandom } from './seeded-random.ts';

const firstPort = 7000;
const hostBytes = 2 ** 26;

/** Two machines, and the worst that their caches may do. */
class PoolMachines {
  readonly #pool: Pool;
  readonly #surroundings: Surroundings;
  readonly #records = [new MemoryRecords(), new MemoryRecords()] as const;
  #lastPort = firstPort;

  constructor(coherent: boolean) {
    const clock = new LiveClock();
    const random = new SeededRandom(1);
    const network = new MemoryNetwork();
    network.wholeMessages = true;
    this.#pool = new Pool({ hosts: 2, hostBytes, coherent });
    this.#pool.pick = (count) => Math.floor(random.unit() * count);
    this.#pool.evictions = () => (random.unit() < 0.3 ? 1 : 0);
    this.#pool.flushesLate = () => random.unit() < 0.5;
    this.#surroundings = {
      clock,
      random: { fork: () => systemEnvironment.random },
      network,
      fabric: new FarFabric(clock),
      machine: {
        attachments: { open: 0 },
        wakeMs: () => 0,
        preemptMs: () => 0,
        freeBytes: 2 ** 30,
        freeDoorbells: 2 ** 20,
      },
      records: new MemoryRecords(),
    };
  }

  process(machine: 0 | 1): MemoryProcess {
    const records = this.#records[machine];
    return new MemoryProcess(this.#surroundings, (_directory, { clock }) => records.registry(clock), {
      address: { host: `machine-${machine}`, port: this.#lastPort++ },
      peers: () => (machine === 0 ? [{ host: 'machine-1', port: firstPort }] : []),
      pool: this.#pool.hosts[machine],
      records,
    });
  }

  /** On machine 1; the first process of all. */
  async startKnownHome(): Promise<void> {
    const { MemBuilder } = this.process(1);
    await new MemBuilder().leaseSecs(3600).acquire();
  }
}

for (const coherent of [false, true]) {
  const machines = new PoolMachines(coherent);
  await machines.startKnownHome();
  describeConformance({
    plane: 'cxl',
    spawnHome: () => new MemoryHome(machines.process(1)).start(),
    classes: machines.process(0),
    sharesThread: true,
    lacks: {
      'a lease is attached by its id': 'an id says nothing of the machine that its lease is on',
      'a call that no server took before its home died has not run':
        'whether a request was taken is known at its home alone, which is dead: so it may have run',
      'callSync lets the calls before it go first, and harms none': 'they wait for the thread that callSync blocks',
    },
  });
}
