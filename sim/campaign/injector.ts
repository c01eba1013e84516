// Lets a plan's faults happen on a stage, each at its time, and ends them.
import type { Pool } from '../pool.ts';
import type { Chance } from './chance.ts';
import type { Fault, FaultKind } from './fault.ts';
import type { Node } from './node.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';

/** What goes on, but only up to so much, when nothing goes wrong any more: life is never without it. */
const everyday: Partial<Record<FaultKind, number>> = {
  'slow network': 5,
  'slow fabric': 2,
  'torn writes': 1,
  'late notices': 1,
  'slow wakes': 2,
  preemption: 0.1,
  'split chunks': 1,
  'narrow windows': 1,
  evictions: 0.05,
  'late flushes': 1,
  'lost last words': 1,
};

/** What messages and wake-ups take at the least, milliseconds. */
const networkMs = 0.05;
const fabricMs = 0.004;
const wakeMs = 0.02;
const preemptionShare = 0.3;
/** Of a connection between machines, in one direction. */
const windowBytes = 65_536;

export class Injector {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #chance: Chance;
  readonly #active = new Set<Fault>();
  readonly #levels = new Map<FaultKind, number>();
  #takenBytes = 0;
  #calm = false;

  /** `endings` draws how messages end before their time. */
  constructor(stage: Stage, plan: Plan, chance: Chance, endings: Chance) {
    this.#stage = stage;
    this.#plan = plan;
    this.#chance = chance;
    this.#takeOver(chance.fork(), chance.fork(), chance.fork(), chance.fork());
    this.#takeOverEndings(endings.fork(), endings.fork());
    this.#takeOverStreams(chance.fork(), chance.fork());
    if (stage.pool !== undefined) this.#takeOverPool(stage.pool, chance.fork());
  }

  start(): void {
    const { clock } = this.#stage.world;
    for (const fault of this.#plan.faults) {
      clock.after(fault.atMs, () => this.#begin(fault));
      if (fault.kind in oneByOne) continue;
      clock.after(fault.atMs + fault.forMs, () => this.#end(fault));
    }
  }

  /** Nothing goes wrong from here on, and who was stopped or dead goes on. */
  calm(): void {
    this.#calm = true;
    this.#active.clear();
    this.#update();
    const { nodes } = this.#stage;
    for (const node of nodes) {
      if (node.process === undefined) this.#stage.start(node);
      else node.letGo();
    }
  }

  /** Who draws what: one thing that is drawn oftener shifts no other. */
  #takeOver(network: Chance, fabric: Chance, machine: Chance, ways: Chance): void {
    const { world } = this.#stage;
    const upTo = (kind: FaultKind, chance: Chance, leastMs: number) => () =>
      leastMs + chance.unit() * this.#level(kind);
    world.network.delayMs = upTo('slow network', network, networkMs);
    world.network.reaches = () => !this.#happens('no way', ways);
    world.fabric.delayMs = upTo('slow fabric', fabric, fabricMs);
    world.fabric.loses = () => this.#happens('lossy fabric', fabric);
    world.fabric.noticeMs = upTo('late notices', fabric, 0);
    world.fabric.tears = () => (this.#happens('torn writes', fabric) ? fabric.unit() : 0);
    world.machine.wakeMs = upTo('slow wakes', machine, wakeMs);
    world.machine.preemptMs = () =>
      this.#level('preemption') > 0 && machine.happens(preemptionShare)
        ? machine.unit() * this.#level('preemption')
        : 0;
  }

  /** What breaks off has come in two parts, whether others do or not. */
  #takeOverEndings(parts: Chance, rest: Chance): void {
    const { world, history } = this.#stage;
    const { tears } = world.fabric;
    world.fabric.tears = () => tears() || (this.#happens('broken writes', parts) ? parts.unit() : 0);
    world.fabric.breaksOff = () => {
      const breaksOff = this.#happens('broken writes', parts);
      if (breaksOff) history.mark('a card message broke off');
      return breaksOff;
    };
    world.fabric.outlives = () => 1 - this.#level('lost last words') * rest.unit();
  }

  #takeOverStreams(pieces: Chance, connections: Chance): void {
    const { network } = this.#stage.world;
    network.pieceBytes = (bytes) => (this.#happens('split chunks', pieces) ? pieces.integer(1, bytes) : bytes);
    network.swallows = () => this.#happens('unanswered connects', connections);
    network.cuts = () => this.#happens('cut connections', connections);
  }

  #takeOverPool(pool: Pool, chance: Chance): void {
    pool.pick = (count) => chance.integer(0, count - 1);
    pool.evictions = () => (this.#happens('evictions', chance) ? 1 : 0);
    pool.flushesLate = () => this.#happens('late flushes', chance);
    pool.noticeMs = () => networkMs + chance.unit() * this.#level('slow network');
    pool.onViolation = (what) => this.#stage.history.fail('pool', what);
  }

  /** Draws whether a fault of which its level is the share comes now. Of what is off nothing is drawn. */
  #happens(kind: FaultKind, chance: Chance): boolean {
    const share = this.#level(kind);
    return share > 0 && chance.happens(share);
  }

  #level(kind: FaultKind): number {
    return this.#levels.get(kind) ?? 0;
  }

  #begin(fault: Fault): void {
    if (this.#calm) return;
    const { history } = this.#stage;
    history.record('fault', fault.kind, fault.target, fault.strength, fault.forMs);
    const happen = oneByOne[fault.kind];
    const { nodes } = this.#stage;
    if (happen !== undefined)
      return happen(this.#stage, nodes[fault.target % nodes.length] as Node, fault, this.#chance);
    this.#active.add(fault);
    this.#update();
  }

  #end(fault: Fault): void {
    if (this.#active.delete(fault)) this.#update();
  }

  #update(): void {
    this.#levels.clear();
    const faults = this.#calm ? this.#plan.faults : this.#active;
    for (const { kind, strength } of faults) {
      const most = this.#calm ? (everyday[kind] ?? 0) : Number.POSITIVE_INFINITY;
      this.#levels.set(kind, Math.max(this.#level(kind), Math.min(strength, most)));
    }
    const { knobs, world } = this.#stage;
    knobs.leaseMs = this.#level('short leases');
    knobs.handlerMs = this.#level('slow handlers');
    world.network.windowBytes = Math.max(1, Math.ceil(windowBytes * (1 - this.#level('narrow windows'))));
    const { machine } = world;
    machine.freeBytes += this.#takenBytes;
    this.#takenBytes = Math.floor(machine.freeBytes * this.#level('scarce memory'));
    machine.freeBytes -= this.#takenBytes;
  }
}

type Happen = (stage: Stage, node: Node, fault: Fault, chance: Chance) => void;

/** What happens to one process. */
const oneByOne: Partial<Record<FaultKind, Happen>> = {
  'broken connections': (_stage, { process }) => process?.transport.breakAll('tcp'),
  'lost connections': (_stage, { process }) => process?.transport.loseAll('tcp'),
  'broken card': (_stage, { process }) => process?.clock.after(0, () => process.card.breakAll()),
  'drifting clock': () => undefined,
  freeze: (stage, node, { forMs }) => stage.freeze(node, forMs),
  'blocked thread': (_stage, { process }, { forMs }) => {
    process?.clock.after(0, () => process.clock.block(() => false, forMs));
  },
  crash: (stage, node, { forMs }) => {
    stage.kill(node);
    stage.world.clock.after(forMs, () => {
      if (node.process === undefined) stage.start(node);
    });
  },
  revokes: ({ granted }, { process }, _fault, chance) => {
    const own = [...granted.values()].filter((each) => each.process === process && each.lease.status === 'active');
    if (process === undefined || own.length === 0) return;
    const { lease } = chance.pick(own);
    const verb = chance.pick(['revoke', 'release'] as const);
    process.clock.after(0, () => void lease[verb]());
  },
};
