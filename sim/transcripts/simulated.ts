// The simulator's stage for transcripts: the processes of two machines, in a world whose timing a seed draws. One script
// and one seed give one trace.
import { AsyncLocalStorage } from 'node:async_hooks';
import { invariant, type NetworkAddress } from '#bridge';
import { type Fabric, replaceFabric } from '#sdk/fabric';
import { Chance } from '../campaign/chance.ts';
import { MemoryRecords } from '../memory-registry.ts';
import type { Process } from '../process.ts';
import { World } from '../world.ts';
import { Desk, type Life } from './desk.ts';
import {
  type Actor,
  type AnswerOf,
  type OrderName,
  obey,
  type RequestOf,
  type Role,
  type Scene,
  type Script,
  type Trace,
  traceOf,
} from './script.ts';

/** A script that takes longer has got stuck. */
const scriptMsMax = 300_000;
const eventsMax = 2_000_000;

const lostAgainShare = 0.2;
const lostAgainMs = 1000;

/** Where code of a simulated process runs: what the public classes use there. */
const running = new AsyncLocalStorage<Fabric>();

const homeAddress: NetworkAddress = { host: 'node-a', port: 7070 };

/** Whoever changes the world before a script begins, as a test that plants a fault does. */
export type Bend = (world: World) => void;

export async function simulate(script: Script, seed: number, bend: Bend = () => undefined): Promise<Trace> {
  replaceFabric(fabricThatRuns);
  const stage = new Stage(seed);
  bend(stage.world);
  await stage.world.clock.run(script.run(stage), scriptMsMax);
  return traceOf(stage.seen);
}

function fabricThatRuns(): Fabric {
  const fabric = running.getStore();
  invariant(fabric !== undefined, 'a transcript uses the public classes in its processes alone');
  return fabric;
}

class SimulatedActor implements Actor {
  readonly process: Process;
  readonly #fabric: Fabric;
  readonly #desk: Desk;
  readonly #orderMs: () => number;

  constructor(stage: Stage, role: Role) {
    const records = stage.recordsOf(role);
    const enter = (callback: () => void) => running.run(this.#fabric, callback);
    this.process = stage.world.process({ far: true, records, enter });
    this.#fabric = fabricOf(this.process, role);
    this.#desk = new Desk(lifeOf(this.process, stage, (line) => stage.seen[role].push(line)));
    this.#orderMs = () => stage.orderMs();
  }

  do<O extends OrderName>(order: O, request: RequestOf<O>): Promise<AnswerOf<O>> {
    return new Promise((resolve, reject) => {
      const { clock } = this.process;
      clock.after(this.#orderMs(), () => {
        // Its answer takes its way, too.
        const answer = (done: () => void) => clock.after(this.#orderMs(), done);
        obey(this.#desk, order, request).then(
          (result) => answer(() => resolve(result)),
          (error) => answer(() => reject(error)),
        );
      });
    });
  }
}

function lifeOf(process: Process, stage: Stage, see: (line: string) => void): Life {
  const { clock } = process;
  return {
    after: (ms, callback) => void clock.after(ms, callback),
    looksPerTurn: 1,
    turn: () => new Promise((resolve) => clock.after(stage.turnMs(), resolve)),
    // What the dead have promised comes to nothing.
    see: (line) => (process.dead ? undefined : see(line)),
  };
}

/** Only the home listens; the others ask it for services. */
function fabricOf(process: Process, role: Role): Fabric {
  let listening: Promise<unknown> | undefined;
  return {
    agent: () => process.agent,
    homeAgent: async () => {
      listening ??= process.agent.listenNetwork(homeAddress);
      await listening;
      return process.agent;
    },
    registry: () => process.registry,
    peers: () => (role === 'home' ? [] : [homeAddress]),
  };
}

class Stage implements Scene {
  readonly world: World;
  readonly seen: Readonly<Record<Role, string[]>> = { home: [], holder: [], other: [] };
  readonly home: SimulatedActor;
  readonly holder: SimulatedActor;
  readonly other: SimulatedActor;
  /** How long an order takes to its process, and its answer back. */
  readonly orderMs: () => number;
  readonly turnMs: () => number;
  readonly #records = { home: new MemoryRecords(), holders: new MemoryRecords() };
  readonly #chance: Chance;

  constructor(seed: number) {
    this.world = new World(seed, { eventsMax });
    this.#chance = Chance.of(seed);
    const { network, fabric, machine } = this.world;
    network.delayMs = this.#drawn(0.02, 40);
    const [anyMs, mibMs] = [this.#drawn(0.01, 20), this.#drawn(1, 40)];
    fabric.delayMs = (bytes) => anyMs() + (mibMs() * bytes) / 2 ** 20;
    const outliving = this.#chance.fork();
    fabric.outlives = () => outliving.unit();
    fabric.noticeMs = this.#drawn(0.01, 20);
    machine.wakeMs = this.#drawn(0.01, 5);
    machine.preemptMs = this.#rarely(this.#drawn(0.01, 5));
    const tornShare = this.#chance.pick([0, 0.2, 1]);
    const tears = this.#chance.fork();
    fabric.tears = () => (tears.happens(tornShare) ? tears.unit() : 0);
    this.orderMs = this.#drawn(0.1, 50);
    this.turnMs = this.#drawn(0.01, 2);
    [this.home, this.holder, this.other] = [
      new SimulatedActor(this, 'home'),
      new SimulatedActor(this, 'holder'),
      new SimulatedActor(this, 'other'),
    ];
  }

  recordsOf(role: Role): MemoryRecords {
    return role === 'home' ? this.#records.home : this.#records.holders;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(ms, resolve));
  }

  /**
   * What is sent over TCP meanwhile is sent again until it arrives, the less often the longer that takes. Where a session
   * was lost, the next may be lost too, when all that has waited is sent at once.
   */
  async cut(ms: number, meanwhile: () => Promise<void>): Promise<void> {
    const { clock, fabric, network } = this.world;
    const { delayMs } = network;
    const beganAtMs = clock.timeMs;
    const repeats = this.#chance.fork();
    const leftMs = () => Math.max(0, beganAtMs + ms - clock.timeMs);
    let isCut = true;
    let hasLost = false;
    fabric.loses = () => {
      hasLost ||= isCut;
      return isCut;
    };
    fabric.breaksOff = () => isCut;
    network.reaches = () => repeats.happens(0.5);
    network.delayMs = () => leftMs() + repeats.unit() * (ms - leftMs()) + delayMs();
    await meanwhile();
    await this.wait(leftMs());
    isCut = false;
    network.reaches = () => true;
    network.delayMs = delayMs;
    if (!hasLost || !repeats.happens(lostAgainShare)) return;
    const { card, clock: homeClock } = this.home.process;
    homeClock.after(repeats.unit() * lostAgainMs, () => card.breakAll());
  }

  disconnect(): Promise<void> {
    return this.#happen(() => this.home.process.transport.breakAll('tcp'));
  }

  kill(role: Role): Promise<void> {
    return this.#happen(() => this[role].process.kill());
  }

  stop(role: Role): Promise<void> {
    return this.#happen(() => this[role].process.freeze());
  }

  goOn(role: Role): Promise<void> {
    return this.#happen(() => this[role].process.thaw());
  }

  /** Between two things that anybody does. */
  #happen(what: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.world.clock.after(0, () => {
        what();
        resolve();
      });
    });
  }

  /** Up to a level that is drawn once, and is as likely small as large. */
  #drawn(minMs: number, maxMs: number): () => number {
    const levelMs = this.#chance.octaves(minMs, maxMs);
    const chance = this.#chance.fork();
    return () => chance.unit() * levelMs;
  }

  #rarely(draw: () => number): () => number {
    const chance = this.#chance.fork();
    return () => (chance.happens(0.01) ? draw() : 0);
  }
}
