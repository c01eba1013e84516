// What must hold of clients and their calls once nothing has gone wrong for a while.
import type { CallLedger } from './call-ledger.ts';
import type { ClientRecord } from './rpc-clients.ts';

/** No call has a deadline that is further away. */
export const callMsMax = 12_000;

/** Whoever waits is told in time. There are slots for each client, so each has found one by now, and calls are answered. */
export function checkClients(ledger: CallLedger, clients: readonly ClientRecord[], msMax: number): void {
  for (const { id, caller } of ledger.overdue(msMax)) caller.fail(`call ${id} never settles`);
  for (const { actor, answered, failed } of clients) {
    if (actor.process.dead) continue;
    if (failed !== undefined) actor.fail(`nothing goes wrong, and yet ${failed}`);
    else if (answered === 0) actor.fail('nothing goes wrong, and yet no call is answered');
  }
}
