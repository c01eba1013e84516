// Homes that serve a typed service, and holders that use it.
import { implement } from '#bridge';
import type { Actor } from './actor.ts';
import { CallLedger } from './call-ledger.ts';
import type { Granted } from './granted.ts';
import type { Caller, ClientRecord } from './rpc-clients.ts';
import { useService, useServiceCalmly } from './service-clients.ts';
import { probeAt } from './service-homes.ts';
import { ServiceLedger } from './service-ledger.ts';
import { probe } from './service-shape.ts';
import { checkRecords, keepUsingSlots } from './slot-clients.ts';
import { keepServingSlots } from './slot-servers.ts';
import type { Workload } from './workload.ts';

const service = 'typed';
/** No task goes on for longer. */
const settledMsMax = 12_000;
/** A client that nobody hears of is given up within 20 s. */
const overMsMax = 25_000;

export class ServiceWorkload implements Workload {
  readonly #tasks = new ServiceLedger();
  readonly #clients: ClientRecord[] = [];

  start(actor: Actor): void {
    const tasks = this.#tasks;
    if (actor.node.role === 'home') {
      const handlerOf = (at: Actor, granted: Granted) => implement(probe, probeAt(at, granted, tasks));
      return actor.spawn(() => keepServingSlots(actor, { service, handlerOf }));
    }
    const record: ClientRecord = { actor, answered: 0, failed: undefined };
    this.#clients.push(record);
    const use = (caller: Caller) => useService(caller, tasks);
    const useCalmly = (caller: Caller) => useServiceCalmly(caller, tasks);
    actor.spawn(() => keepUsingSlots(record, { service, ledger: new CallLedger(), use, useCalmly }));
  }

  /** Whatever was begun is over, at both ends, and each method works. */
  async checkCalm(): Promise<void> {
    for (const { id, caller } of this.#tasks.overdue(settledMsMax)) caller.fail(`task ${id} never settles`);
    for (const { actor } of this.#tasks.orphans(overMsMax)) actor.fail('a method whose client is through goes on');
    checkRecords(this.#clients, 'task');
  }
}
