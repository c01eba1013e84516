// Homes that serve, and holders that find and call them.
import type { Actor } from './actor.ts';
import { CallLedger } from './call-ledger.ts';
import { type ClientRecord, keepCalling } from './rpc-clients.ts';
import { keepServing } from './rpc-servers.ts';
import type { Stage } from './stage.ts';
import type { Workload } from './workload.ts';

/** No call has a deadline that is further away. */
const callMsMax = 12_000;

export class RpcWorkload implements Workload {
  readonly #stage: Stage;
  readonly #ledger = new CallLedger();
  readonly #clients: ClientRecord[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  start(actor: Actor): void {
    const { serversPerHome, clientsPerHolder } = this.#stage.shape;
    if (actor.node.role === 'home') {
      for (let i = 0; i < serversPerHome; i++) actor.spawn(() => keepServing(actor, this.#ledger));
      return;
    }
    for (let i = 0; i < clientsPerHolder; i++) {
      const record: ClientRecord = { actor, answered: 0, failed: undefined };
      this.#clients.push(record);
      actor.spawn(() => keepCalling(record, this.#ledger));
    }
  }

  /** Whoever waits is told in time. There are slots for each client, so each has found one by now, and calls are answered. */
  async checkCalm(): Promise<void> {
    for (const { id, caller } of this.#ledger.overdue(callMsMax)) caller.fail(`call ${id} never settles`);
    for (const { actor, answered, failed } of this.#clients) {
      if (actor.process.dead) continue;
      if (failed !== undefined) actor.fail(`nothing goes wrong, and yet ${failed}`);
      else if (answered === 0) actor.fail('nothing goes wrong, and yet no call is answered');
    }
  }
}
