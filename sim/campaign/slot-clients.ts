// Holders that find a lease with many slots by its service's name, use it for a while, and leave.
import { defaultRenewalPolicy } from '#bridge';
import type { CallLedger } from './call-ledger.ts';
import type { HeldLease } from './granted.ts';
import { type Caller, type ClientRecord, connect, keepLease, openClient } from './rpc-clients.ts';

export interface Demand {
  readonly service: string;
  readonly ledger: CallLedger;
  /** Anything, while things go wrong. */
  readonly use: (caller: Caller) => Promise<void>;
  /** What has to work once nothing does: throws what is wrong. */
  readonly useCalmly: (caller: Caller) => Promise<void>;
}

export async function keepUsingSlots(record: ClientRecord, demand: Demand): Promise<void> {
  const { actor } = record;
  while (actor.stage.phase !== 'end') {
    const held = await connect(actor, demand.service);
    if (held !== undefined) await useOne(record, held, demand);
    await actor.pause();
  }
}

async function useOne(record: ClientRecord, held: HeldLease, { ledger, use, useCalmly }: Demand): Promise<void> {
  const { actor } = record;
  const { chance, stage } = actor;
  const granted = stage.attached(actor, held);
  const caller = openClient(actor, held, granted, ledger);
  if (caller === undefined) return;
  if (chance.happens(0.5)) held.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
  for (let rounds = chance.integer(1, 12); rounds > 0 || stage.calm; rounds--) {
    await actor.pause();
    if (held.status !== 'active' || stage.phase === 'end') break;
    if (stage.calm) await calmly(record, caller, useCalmly);
    else await use(caller);
  }
  if (held.status === 'active') await held.release();
}

/** In the phase in which everything has to work it counts. */
async function calmly(record: ClientRecord, caller: Caller, useCalmly: Demand['useCalmly']): Promise<void> {
  const { stage } = record.actor;
  const { phase } = stage;
  await keepLease(record.actor, caller.client);
  try {
    await useCalmly(caller);
    if (phase === 'verify') record.answered += 1;
  } catch (error) {
    const counts = phase === 'verify' && stage.phase === 'verify';
    if (counts) record.failed = `at lease ${caller.granted.lease.id}: ${(error as Error).stack}`;
  }
}

/** Each living client has got something done by now, and nothing of it failed. */
export function checkRecords(records: readonly ClientRecord[], what: string): void {
  for (const { actor, answered, failed } of records) {
    if (actor.process.dead) continue;
    if (failed !== undefined) actor.fail(`nothing goes wrong, and yet a ${what} fails ${failed}`);
    else if (answered === 0) actor.fail(`nothing goes wrong, and yet no ${what} succeeds`);
  }
}
