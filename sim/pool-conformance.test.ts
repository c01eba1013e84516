// The conformance suite between machines that share a pool: each home, and the suite itself, is a host of its own.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { type NetworkAddress, systemEnvironment } from '#bridge';
import { describeConformance, type HomeProcess, hostHome } from '../sdk/conformance/index.ts';
import { FarFabric } from './far-fabric.ts';
import { LiveClock } from './live-clock.ts';
import { MemoryNetwork } from './memory-network.ts';
import { MemoryProcess } from './memory-process.ts';
import { MemoryRecords } from './memory-registry.ts';
import { Pool } from './pool.ts';
import type { Surroundings } from './process.ts';
import { SeededRandom } from './seeded-random.ts';

const port = 7000;
const hostsMax = 64;

/** Machines with a process each. */
class PoolMachines {
  readonly #pool: Pool;
  readonly #surroundings: Surroundings;
  readonly #addresses: NetworkAddress[] = [];

  constructor(coherent: boolean) {
    const clock = new LiveClock();
    const random = new SeededRandom(1);
    this.#pool = new Pool({ hosts: hostsMax, hostBytes: 2 ** 23, coherent });
    this.#pool.pick = (count) => Math.floor(random.unit() * count);
    this.#pool.evictions = () => (random.unit() < 0.3 ? 1 : 0);
    this.#pool.flushesLate = () => random.unit() < 0.5;
    this.#surroundings = {
      clock,
      random: { fork: () => systemEnvironment.random },
      network: new MemoryNetwork(),
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

  process(): MemoryProcess {
    const number = this.#addresses.length;
    const address = { host: `machine-${number}`, port };
    this.#addresses.push(address);
    const records = new MemoryRecords();
    return new MemoryProcess(this.#surroundings, (_directory, { clock }) => records.registry(clock), {
      address,
      peers: () => this.#addresses.filter((each) => each !== address),
      pool: this.#pool.hosts[number],
    });
  }
}

class PoolHome extends EventEmitter implements HomeProcess {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly #process: MemoryProcess;

  constructor(process: MemoryProcess) {
    super();
    this.#process = process;
  }

  async start(): Promise<this> {
    const { stdin, stdout } = this;
    await hostHome({ stdin, stdout, classes: this.#process, exit: () => this.#end(() => this.#process.exit()) });
    return this;
  }

  kill(): void {
    this.#end(() => this.#process.kill());
  }

  #end(how: () => void): void {
    if (!this.#process.alive) return;
    how();
    this.stdout.destroy();
    this.emit('exit');
  }
}

for (const coherent of [false, true]) {
  const machines = new PoolMachines(coherent);
  describeConformance({
    plane: 'cxl',
    spawnHome: () => new PoolHome(machines.process()).start(),
    classes: machines.process(),
    sharesThread: true,
    lacks: {
      'a lease is attached by its id': 'an id says nothing of the machine that its lease is on',
      'a call that no server took before its home died has not run':
        'whether a request was taken is known at its home alone, which is dead: so it may have run',
      'callSync lets the calls before it go first, and harms none': 'they wait for the thread that callSync blocks',
    },
  });
}
