// Homes that lend memory without a server, and holders that write, read and count in it. Checks that nothing succeeds
// that began after the lease was over, that what was written is read, and that each count is made once.
import { CapacityExceeded, FabricError } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted, HeldLease } from './granted.ts';
import type { Workload } from './workload.ts';

/** A lease as its holders find it, beside any registry, and what was counted in its first word. */
interface Lent {
  readonly granted: Granted;
  readonly counts: Set<bigint>;
  begun: number;
  areas: number;
}

const leaseBytes = 65536;
const areaBytes = 32;
/** The first area is for counting. */
const areasMax: number = leaseBytes / areaBytes - 1;
const counter = 0;

export class MemoryWorkload implements Workload {
  readonly #lent: Lent[] = [];

  start(actor: Actor): void {
    actor.spawn(() => (actor.node.role === 'home' ? this.#lend(actor) : this.#borrow(actor)));
  }

  async checkCalm(): Promise<void> {
    // Nothing has to be borrowed by then.
  }

  async #lend(actor: Actor): Promise<void> {
    const { chance, stage, process } = actor;
    // What is under way to memory that ends breaks the session, with all that is held over it: so not when all is calm.
    while (!stage.calm) {
      try {
        const leaseMs = stage.leaseMs(chance);
        const lease = process.agent.acquire({ minBytes: leaseBytes, leaseMs, hugePages: false });
        this.#lent.push({ granted: stage.grant(actor, lease), counts: new Set(), begun: 0, areas: 0 });
        await actor.sleep(leaseMs * chance.unit());
        if (!stage.calm && chance.happens(0.5)) await lease[chance.pick(['release', 'revoke'] as const)]();
      } catch (error) {
        if (!(error instanceof CapacityExceeded)) throw error;
      }
      await actor.pause();
    }
  }

  async #borrow(actor: Actor): Promise<void> {
    const { chance, stage } = actor;
    while (!stage.calm) {
      await actor.pause();
      const lent = this.#lent.filter(({ granted, areas }) => !granted.isOver && areas < areasMax);
      if (lent.length > 0) await this.#borrowOne(actor, chance.pick(lent));
    }
  }

  async #borrowOne(actor: Actor, lent: Lent): Promise<void> {
    const { node, process, stage, chance } = actor;
    const { lease, node: there } = lent.granted;
    let held: HeldLease;
    try {
      const address = there.machine === node.machine ? undefined : there.address;
      held = await process.agent.attach(lease.id, { slots: 0 }, address);
    } catch (error) {
      actor.errorOf('attach', error);
      return;
    }
    stage.attached(actor, held);
    lent.areas += 1;
    const area = new Area(actor, lent, held, lent.areas * areaBytes);
    for (let rounds = chance.integer(1, 10); rounds > 0 && held.status === 'active' && !stage.calm; rounds--) {
      await actor.pause();
      await area.doSomething();
    }
    // Some are left to expire, and looked into afterwards.
    if (held.status === 'active' && chance.happens(0.5)) await held.release();
    await actor.pause();
    await area.doSomething();
    if (stage.calm) await held.release();
  }
}

/** One holder's part of a lease's bytes, which nobody else writes. */
class Area {
  readonly #actor: Actor;
  readonly #lent: Lent;
  readonly #held: HeldLease;
  readonly #offset: number;
  /** What may stand there: the last that was written for sure, and what may have been written since. */
  #possible: number[] = [0];
  #torn = false;
  #last = 0;

  constructor(actor: Actor, lent: Lent, held: HeldLease, offset: number) {
    this.#actor = actor;
    this.#lent = lent;
    this.#held = held;
    this.#offset = offset;
  }

  async doSomething(): Promise<void> {
    const what = this.#actor.chance.pick(['write', 'read', 'count'] as const);
    const beganOver = this.#lent.granted.isOver;
    try {
      await { write: () => this.#write(), read: () => this.#read(), count: () => this.#count() }[what]();
      this.#actor.mark(`memory: ${what}`);
      this.#actor.record(what, this.#held.id);
      if (beganOver) this.#actor.fail(`${what} succeeded in lease ${this.#held.id}, which was over when it began`);
    } catch (error) {
      this.#actor.record('cannot', what, this.#held.id, this.#actor.errorOf(`memory: ${what}`, error));
    }
  }

  async #write(): Promise<void> {
    this.#last = (this.#last % 255) + 1;
    const value = this.#last;
    try {
      await this.#held.memory.write(this.#offset, new Uint8Array(areaBytes).fill(value));
      this.#possible = [value];
      this.#torn = false;
    } catch (error) {
      // What the way to the home was lost with may have been written in part.
      if (!(error instanceof FabricError) || error.mayHaveExecuted) {
        this.#possible.push(value);
        this.#torn = true;
      }
      throw error;
    }
  }

  async #read(): Promise<void> {
    const bytes = await this.#held.memory.read(this.#offset, areaBytes);
    const wrong = bytes.some((byte) => !this.#possible.includes(byte) || (!this.#torn && byte !== bytes[0]));
    if (wrong) this.#actor.fail(`${[...bytes]} was read where only ${this.#possible} can be`);
  }

  /** What was there before is nobody else's answer, and no more than have begun to count. */
  async #count(): Promise<void> {
    const { counts } = this.#lent;
    this.#lent.begun += 1;
    const leastBefore = counts.size;
    const before = await this.#held.memory.fetchAdd(counter, 1n);
    const possible = before >= BigInt(leastBefore) && before < BigInt(this.#lent.begun);
    if (!possible || counts.has(before)) {
      this.#actor.fail(`counted from ${before}: ${leastBefore} had counted before, ${this.#lent.begun} ever began to`);
    }
    counts.add(before);
  }
}
