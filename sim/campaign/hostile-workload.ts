// Honest processes among hostile ones, until nothing goes wrong any more. Homes serve leases that hostile clients attach to
// besides honest ones, and leases that only they attach to; holders call the first, and try what hostile homes offer.
// Whatever they write: no honest process fails, hangs, or is answered wrongly; each call of an honest client is checked as
// in the rpc workload.
import { FabricDns, FabricError, RemoteError, RpcClient } from '#bridge';
import type { Process } from '../process.ts';
import type { Actor } from './actor.ts';
import { Chance } from './chance.ts';
import type { ClientSlots } from './granted.ts';
import { HostileHolder } from './hostile-holder.ts';
import { HostileHome } from './hostile-home.ts';
import { OpenPreyLedger, type Prey, PreyLedger } from './prey-ledger.ts';
import { callMsMax, checkClients } from './rpc-checks.ts';
import { type ClientRecord, keepCalling } from './rpc-clients.ts';
import { keepServing } from './rpc-servers.ts';
import type { Stage } from './stage.ts';
import type { Workload } from './workload.ts';

const preyName = 'prey';
const openPreyName = 'open-prey';
const trapName = 'trap';
/** An attach, and what is tried after it, is over by then. */
const trialMsMax = 40_000;
const firstPort = 9000;
/** Of what hostile homes offer. */
const responseBytesMax = 65_536;
/** Hostile processes do little in hours, and much in seconds. */
const deedsMax = 200;
const trialsMax = 30;

interface Trial {
  readonly actor: Actor;
  readonly what: string;
  readonly begunAtMs: number;
  settled: boolean;
}

export class HostileWorkload implements Workload {
  readonly #stage: Stage;
  readonly #chance: Chance;
  readonly #ledger = new PreyLedger();
  readonly #openLedger = new OpenPreyLedger();
  readonly #clients: ClientRecord[] = [];
  readonly #trials = new Set<Trial>();
  #homes: HostileHome[] = [];
  #begun = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#chance = new Chance(stage.world.random.fork());
  }

  start(actor: Actor): void {
    if (!this.#begun) this.#begin();
    const { homes, holders } = this.#stage.shape;
    if (actor.node.role === 'home') {
      for (let i = 0; i < Math.ceil(holders / homes); i++)
        actor.spawn(() => keepServing(actor, this.#ledger, preyName));
      actor.spawn(() => keepServing(actor, this.#openLedger, openPreyName));
      return;
    }
    const record: ClientRecord = { actor, answered: 0, failed: undefined };
    this.#clients.push(record);
    actor.spawn(() => keepCalling(record, this.#ledger, preyName));
    actor.spawn(() => this.#keepTrying(actor));
  }

  async checkCalm(): Promise<void> {
    checkClients(this.#ledger, this.#clients, callMsMax);
    for (const { actor, what, begunAtMs, settled } of this.#trials) {
      const forMs = this.#stage.world.clock.timeMs - begunAtMs;
      if (!settled && !actor.process.dead && forMs > trialMsMax)
        actor.fail(`to ${what} at a hostile home takes ${forMs} ms`);
    }
  }

  // ---- Hostile processes. They are of no machine's, die with the chaos, and take what they have with them.

  #begin(): void {
    this.#begun = true;
    const chance = this.#chance;
    for (let i = chance.integer(1, 2); i > 0; i--)
      this.#letLoose(chance.fork(), (process, own) => this.#hunt(process, own));
    for (let i = chance.integer(0, 1); i >= 0; i--) {
      const network = { host: 'machine-hostile', port: firstPort + i };
      this.#letLoose(chance.fork(), (process, own) => {
        const home = new HostileHome(process, own, trapName, network);
        this.#homes.push(home);
        return { act: () => home.act(), leave: () => home.leave() };
      });
    }
  }

  #letLoose(chance: Chance, begin: (process: Process, chance: Chance) => { act(): void; leave(): void }): void {
    const { world, shape } = this.#stage;
    const process = world.process({ far: true, offsetMs: 500 });
    const hostile = begin(process, chance);
    const leave = () => {
      hostile.leave();
      // What it has said goes out, and it is gone.
      process.clock.after(5000, () => process.kill());
    };
    const step = (deeds: number) => {
      const pauseMs = chance.octaves(shape.paceMs / 16, shape.paceMs);
      const leftMs = shape.chaosMs - world.clock.timeMs;
      const over = deeds === 0 || pauseMs >= leftMs;
      process.clock.after(over ? leftMs : pauseMs, () => {
        if (over) return leave();
        hostile.act();
        step(deeds - 1);
      });
    };
    step(deedsMax);
  }

  /** Now at this lease, now at that one. */
  #hunt(process: Process, chance: Chance): { act(): void; leave(): void } {
    let holder: HostileHolder | undefined;
    let seeking = false;
    let gone = false;
    const seek = async () => {
      seeking = true;
      try {
        const found = this.#anyPrey(chance);
        const carrier = await found?.connect(process);
        if (found === undefined || carrier === undefined) return;
        if (gone) carrier.close();
        else holder = new HostileHolder(process, chance, found.prey, carrier);
      } catch (error) {
        if (!(error instanceof FabricError)) throw error;
      } finally {
        seeking = false;
      }
    };
    return {
      act: () => {
        if (chance.happens(0.03)) holder?.leave();
        if (holder === undefined || holder.over) {
          if (!seeking) void seek();
        } else for (let deeds = chance.integer(1, 4); deeds > 0; deeds--) holder.act();
      },
      leave: () => {
        gone = true;
        holder?.leave();
      },
    };
  }

  #anyPrey(chance: Chance) {
    const homes = this.#stage.actors.filter(({ node }) => node.role === 'home');
    if (homes.length === 0) return undefined;
    const { process: home, node } = chance.pick(homes);
    const open = chance.happens(0.4);
    const records = home.registry.list(open ? openPreyName : preyName).filter(({ agent }) => agent === home.agent.id);
    if (records.length === 0) return undefined;
    const { lease, address } = chance.pick(records);
    const fail = (message: string) => this.#stage.history.fail('a hostile client', message);
    const granted = this.#stage.granted.get(lease);
    const hasGivenAway = (slots: ClientSlots) => granted?.hasGivenAway(slots) === true;
    const prey: Prey = { fail, lease, open, ledger: open ? this.#openLedger : this.#ledger, hasGivenAway };
    const near = chance.happens(0.6);
    const connect = async (process: Process) =>
      near ? process.transport.connect(address) : process.network.connect(node.address);
    return { prey, connect };
  }

  // ---- Honest holders at hostile homes.

  async #keepTrying(actor: Actor): Promise<void> {
    const { chance, stage } = actor;
    for (let trials = 0; trials < trialsMax && !stage.calm; trials++) {
      await actor.pause();
      const home = this.#homes.length === 0 ? undefined : chance.pick(this.#homes);
      if (home === undefined || stage.calm) continue;
      await this.#tried(actor, 'look around', () => this.#look(actor, home));
      await this.#tried(actor, 'attach and call', () => this.#useOne(actor, home));
    }
  }

  /** Whatever error that ends with is one that has a name. */
  async #tried(actor: Actor, what: string, work: () => Promise<void>): Promise<void> {
    const trial: Trial = { actor, what, begunAtMs: this.#stage.world.clock.timeMs, settled: false };
    this.#trials.add(trial);
    try {
      await work();
      actor.mark(`hostile home: ${what}`);
    } catch (error) {
      if (error instanceof RemoteError) actor.mark('hostile home: RemoteError');
      else if (error instanceof FabricError) actor.mark(`hostile home: ${error.code}`);
      else actor.fail(`to ${what} at a hostile home failed with ${error instanceof Error ? error.stack : error}`);
    } finally {
      trial.settled = true;
      this.#trials.delete(trial);
    }
  }

  async #look(actor: Actor, { record: { network = '' } }: HostileHome): Promise<void> {
    const [host = '', port] = network.split(':');
    const dns = new FabricDns(actor.process.agent, actor.process.registry, [{ host, port: Number(port) }]);
    const found = await dns.resolve(trapName);
    for (const { service, lease, freeSlots, remainingMs } of found) {
      const sane =
        service === trapName && lease.length === 32 && freeSlots >= 0 && freeSlots <= 65_536 && remainingMs >= 0;
      if (!sane) actor.fail(`nonsense of a hostile home is found: ${service} ${lease} ${freeSlots} ${remainingMs}`);
    }
    if (new Set(found.map(({ instance }) => instance)).size < found.length) actor.fail('an instance is found twice');
  }

  async #useOne({ process, chance, stage }: Actor, { record }: HostileHome): Promise<void> {
    const [host = '', port] = (record.network ?? '').split(':');
    const address = chance.happens(0.7) ? record.address : { host, port: Number(port) };
    const held = await process.agent.attach(record.lease, { slots: chance.integer(1, 3) }, address);
    try {
      const client = new RpcClient(held, { wait: 'event' });
      stage.keep(client, held);
      const calls = Promise.allSettled(
        Array.from({ length: chance.integer(1, 4) }, () =>
          client.call(1, new Uint8Array(chance.pick([0, 8, 500])), { deadlineMs: chance.octaves(1, 1000) }),
        ),
      );
      if (chance.happens(0.3)) await held.renew(60_000);
      for (const outcome of await calls) {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value.length > responseBytesMax)
          throw new RangeError(`a response of ${outcome.value.length} bytes`);
      }
    } finally {
      if (held.status === 'active') await held.release();
    }
  }
}
