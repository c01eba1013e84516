// One run's world: machines and the processes on them, what they do, and the truth about every lease. It knows nothing of
// what goes wrong.
import type { NetworkAddress, Timer } from '#bridge';
import { MemoryRecords } from '../memory-registry.ts';
import { Pool } from '../pool.ts';
import type { Process } from '../process.ts';
import { World } from '../world.ts';
import { Actor } from './actor.ts';
import type { Chance } from './chance.ts';
import { Granted, type HeldLease, type HomeLease } from './granted.ts';
import { History } from './history.ts';
import { Node, type Role } from './node.ts';
import type { Shape } from './plan.ts';
import type { Workload, WorkloadFactory } from './workload.ts';

/** Things go wrong; nothing does any more; everything should work again; all is given back. */
export type Phase = 'chaos' | 'grace' | 'verify' | 'end';

export interface StageOptions {
  readonly seed: number;
  readonly shape: Shape;
  readonly chance: Chance;
  /** Millionths by which the clock of each node is fast. */
  readonly driftOf: (node: number) => number;
  readonly keepLines: boolean;
  readonly workloads: readonly WorkloadFactory[];
}

/** How far a workload's own choices are bent. */
export interface Knobs {
  /** How long leases last, milliseconds; 0 to leave it to the workload. */
  leaseMs: number;
  /** How long handlers take at most. */
  handlerMs: number;
}

/** A run takes some ten thousand, and an eventful one ten times as many; more is a circle. */
const eventsMax = 1_000_000;
/** Some runs last for hours, and a session that is always lost comes back every few seconds. */
const eventsPerMs = 0.05;
/** Enough for all leases of a run, and for those of processes that were killed, which nobody gives back. */
const machineBytes: number = 2 ** 26;
/** Of each machine's part of a pool: enough for what is fenced, too. */
const poolHostBytes: number = 2 ** 24;
/** Rounding: a deadline that is no further away has passed. */
const lookAheadMs = 1e-6;

interface Held {
  readonly actor: Actor;
  readonly held: HeldLease;
  readonly granted: Granted;
  readonly sinceMs: number;
}

export class Stage {
  readonly world: World;
  readonly shape: Shape;
  readonly history: History;
  readonly nodes: readonly Node[];
  /** What some of the machines share. */
  readonly pool: Pool | undefined;
  readonly knobs: Knobs = { leaseMs: 0, handlerMs: 0 };
  /** Every lease that was ever granted, by its id. */
  readonly granted: Map<string, Granted> = new Map();
  readonly #chance: Chance;
  readonly #looks: Chance;
  readonly #held = new Set<Held>();
  /** What the garbage collector would take at one time or another, and with it the timers that it has. */
  readonly #kept = new Set<object>();
  readonly #actors = new Map<Node, Actor>();
  readonly #workloads: readonly Workload[];
  #phase: Phase = 'chaos';
  #kills = 0;
  #nextLook: Timer | undefined;

  constructor({ seed, shape, chance, driftOf, keepLines, workloads }: StageOptions) {
    this.world = new World(seed, { eventsMax: eventsMax + eventsPerMs * shape.chaosMs });
    this.world.machine.freeBytes = machineBytes;
    this.shape = shape;
    this.#chance = chance;
    this.#looks = chance.fork();
    this.history = new History(() => this.world.clock.timeMs, keepLines);
    const { machines, coherent } = shape.sharing;
    this.pool = machines > 0 ? new Pool({ hosts: machines, hostBytes: poolHostBytes, coherent }) : undefined;
    // Whose machine is at the other end is known only of a carrier of whole messages.
    this.world.network.wholeMessages = this.pool !== undefined;
    const records = Array.from({ length: shape.machines }, () => new MemoryRecords());
    const roles: Role[] = [...Array(shape.homes).fill('home'), ...Array(shape.holders).fill('holder')];
    this.nodes = roles.map((role, index) => {
      const machine = chance.integer(0, shape.machines - 1);
      const parts = { role, index, machine, drift: driftOf(index), pool: this.pool?.hosts[machine] };
      return new Node(this.world, { ...parts, records: records[machine] as MemoryRecords });
    });
    this.#workloads = workloads.map((factory) => factory(this));
  }

  get phase(): Phase {
    return this.#phase;
  }

  get calm(): boolean {
    return this.#phase !== 'chaos';
  }

  get kills(): number {
    return this.#kills;
  }

  get actors(): readonly Actor[] {
    return [...this.#actors.values()];
  }

  get workloads(): readonly Workload[] {
    return this.#workloads;
  }

  /** The other machines' homes: each knows the services of its machine. */
  peersOf({ machine }: Node): NetworkAddress[] {
    return this.nodes.filter((node) => node.role === 'home' && node.machine !== machine).map(({ address }) => address);
  }

  start(node: Node): void {
    const process = node.start();
    const actor = new Actor(this, node, process, this.#chance.fork());
    this.#actors.set(node, actor);
    actor.record('starts', process.agent.id);
    actor.spawn(async () => {
      if (node.role === 'home') await process.agent.listenNetwork(node.address);
      for (const workload of this.#workloads) workload.start(actor);
    });
  }

  /** Between two things that it does: what is on its thread's stack, or promised, would go on otherwise. */
  kill(node: Node): void {
    this.#between(node, (process) => {
      node.kill();
      this.#kills += 1;
      this.history.record(node.name, 'is killed');
      this.#actors.delete(node);
      for (const granted of this.granted.values()) if (granted.process === process) granted.endNow();
      for (const each of this.#held) if (each.actor.process === process) this.#held.delete(each);
    });
  }

  /** For so long, between two things that it does: nobody's promises are kept while one that is blocked is stopped. */
  freeze(node: Node, forMs: number): void {
    this.#between(node, (process) => {
      node.stop();
      this.world.clock.after(forMs, () => {
        if (node.process === process) node.goOn();
      });
    });
  }

  #between(node: Node, happen: (process: Process) => void): void {
    const { process } = node;
    if (process === undefined) return;
    this.world.clock.whenUnblocked(() => {
      if (!this.calm && node.process === process) happen(process);
    });
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    this.#nextLook?.cancel();
    this.history.record('stage', 'enters', phase);
    for (const actor of this.actors) actor.phaseChanged();
  }

  /** A home has granted a lease. */
  grant(actor: Actor, lease: HomeLease): Granted {
    const granted = new Granted(lease, actor.process, actor.node, () => this.world.clock.timeMs);
    this.granted.set(lease.id, granted);
    this.#watchDeadline(granted);
    actor.record('grants', lease.id, lease.leaseMs);
    lease.onEnd((status) => {
      actor.record('lease over', lease.id, status);
      actor.mark(`home’s lease: ${status}`);
    });
    return granted;
  }

  /** Looks just when it passes. */
  #watchDeadline(granted: Granted): void {
    const { clock } = this.world;
    const dueMs = clock.timeMs + granted.leftMs;
    const timer = clock.after(granted.leftMs, () => {
      const moved = granted.leftMs > lookAheadMs;
      if (moved && granted.lease.status === 'active') return this.#watchDeadline(granted);
      this.checkHolders(dueMs);
    });
    // At home it has expired just now, if it has; elsewhere it has to have been over before.
    granted.lease.onEnd(() => {
      if (granted.leftMs > lookAheadMs) timer.cancel();
    });
  }

  /** A holder has attached. Returns the lease's truth. */
  attached(actor: Actor, held: HeldLease): Granted {
    const granted = this.granted.get(held.id) as Granted;
    const entry = { actor, held, granted, sinceMs: this.world.clock.timeMs };
    this.#held.add(entry);
    actor.record('attached', held.id, held.remainingMs);
    actor.mark(granted.node.machine === actor.node.machine ? 'attached on one machine' : 'attached across machines');
    if (held.plane === 'cxl') actor.mark('attached through a pool');
    held.onInterrupted(() => actor.mark('interrupted'));
    held.onResumed(() => actor.mark('resumed'));
    held.onEnd((status) => {
      this.#held.delete(entry);
      actor.record('held lease over', held.id, status);
      actor.mark(`holder’s lease: ${status}`);
      const { arena } = held.window;
      queueMicrotask(() => {
        if (held.window.arena.length > 0) actor.fail(`a window of ${arena.length} bytes outlives lease ${held.id}`);
      });
    });
    return granted;
  }

  /** Keeps what uses a lease for as long as that stands: else when it is collected would change the run. */
  keep(user: object, held: HeldLease | HomeLease): void {
    this.#kept.add(user);
    held.onEnd(() => this.#kept.delete(user));
  }

  /**
   * Whoever can act at all has stopped using what is over by its home's clock. `atMs` is a time of the timeline by which
   * all that was due has been done; it may be later already.
   */
  checkHolders(atMs: number): void {
    const agoMs = this.world.clock.timeMs - atMs;
    for (const { actor, held, granted, sinceMs } of this.#held) {
      const { clock } = actor.process;
      // What was over when it arrived is noticed in the next event.
      if (clock.frozen || clock.behind || held.status !== 'active' || sinceMs >= atMs) continue;
      const { lease, process, node } = granted;
      const lateMs = process.clock.timeMs - agoMs * node.rate - granted.furthestDeadlineMs;
      if (lateMs < 0 || (lease.status !== 'active' && lease.status !== 'expired')) continue;
      actor.fail(`lease ${held.id} is held ${lateMs} ms past its deadline at home`);
    }
  }

  /** From here on, again and again, for as long as things go wrong. */
  watchHolders(): void {
    const { clock } = this.world;
    const look = (atMs: number) => {
      this.checkHolders(atMs);
      const dueMs = Math.max(atMs + this.shape.paceMs * this.#looks.unit(), clock.timeMs);
      this.#nextLook = clock.after(dueMs - clock.timeMs, () => look(dueMs));
    };
    look(clock.timeMs);
  }

  leaseMs(chance: Chance): number {
    const { paceMs } = this.shape;
    if (this.calm) return 600_000;
    const { leaseMs } = this.knobs;
    // Not so short that hours are spent on renewing what nobody uses.
    const shortestMs = Math.max(10, paceMs / 16);
    if (leaseMs > 0) return chance.between(shortestMs, Math.max(shortestMs, leaseMs));
    return Math.max(shortestMs, chance.octaves(paceMs / 2, paceMs * 64));
  }
}
