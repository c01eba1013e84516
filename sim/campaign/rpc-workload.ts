// Homes that serve, and holders that find and call them.
import type { Actor } from './actor.ts';
import { CallLedger } from './call-ledger.ts';
import { callMsMax, checkClients } from './rpc-checks.ts';
import { type ClientRecord, keepCalling } from './rpc-clients.ts';
import { keepServing } from './rpc-servers.ts';
import type { Stage } from './stage.ts';
import type { Workload } from './workload.ts';

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

  async checkCalm(): Promise<void> {
    checkClients(this.#ledger, this.#clients, callMsMax);
  }
}
