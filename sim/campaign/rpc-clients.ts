// What holders do in a run: they find a server by its name, call it in bursts, waiting in this way or that, and leave.
import { defaultRenewalPolicy, RpcClient } from '#bridge';
import type { Actor } from './actor.ts';
import { type Call, type CallLedger, type CallWish, methods, payloadBytesMin, requestOf } from './call-ledger.ts';
import type { Granted, HeldLease } from './granted.ts';
import { serviceName } from './rpc-servers.ts';

/** One client after another in one process, and what they have achieved since everything should work. */
export interface ClientRecord {
  readonly actor: Actor;
  answered: number;
  failed: string | undefined;
}

const calmLeaseMs = 600_000;
const calmDeadlineMs = 10_000;
const deadlineMsMax = 8000;
const slotBytes = 65536;
const nothing = Buffer.alloc(slotBytes);

export async function keepCalling(record: ClientRecord, ledger: CallLedger): Promise<void> {
  const { actor } = record;
  while (actor.stage.phase !== 'end') {
    const held = await connect(actor);
    if (held !== undefined) await useOne(record, held, ledger);
    await actor.pause();
  }
}

async function connect(actor: Actor): Promise<HeldLease | undefined> {
  try {
    return await actor.dns.connect(serviceName, { slots: 1 });
  } catch (error) {
    actor.record('finds nobody', actor.errorOf('connect', error));
    return undefined;
  }
}

async function useOne(record: ClientRecord, held: HeldLease, ledger: CallLedger): Promise<void> {
  const { actor } = record;
  const { chance, stage } = actor;
  const granted = stage.attached(actor, held);
  const client = openClient(actor, held);
  if (client === undefined) return;
  if (chance.happens(0.5)) held.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
  for (let rounds = chance.integer(1, 20); rounds > 0 || stage.calm; rounds--) {
    await actor.pause();
    if (held.status !== 'active' || stage.phase === 'end') break;
    if (stage.calm) await callCalmly(record, client, granted, ledger);
    else await callOnce(actor, client, granted, ledger);
  }
  if (held.status !== 'active') return;
  if (chance.happens(0.8)) await held.release();
  else actor.spawn(() => forget(actor, held));
}

/** Keeps a lease that it does not use, for as long as things go wrong. */
async function forget(actor: Actor, held: HeldLease): Promise<void> {
  const over = new Promise<void>((resolve) => held.onEnd(() => resolve()));
  while (!actor.stage.calm && held.status === 'active')
    await Promise.race([actor.sleep(actor.stage.shape.chaosMs), over]);
  if (held.status === 'active') await held.release();
}

/** A slot that is new to its client holds no byte of the one before. */
function openClient(actor: Actor, held: HeldLease): RpcClient | undefined {
  try {
    const client = new RpcClient(held, { wait: actor.chance.happens(0.8) ? 'event' : 'adaptive' });
    actor.stage.keep(client, held);
    const slot = held.window.arena.subarray(0, slotBytes);
    if (slot.length > 0 && Buffer.compare(slot, nothing) !== 0) actor.fail(`the slot of lease ${held.id} is not empty`);
    return client;
  } catch (error) {
    actor.errorOf('open client', error);
    return undefined;
  }
}

async function callOnce(actor: Actor, client: RpcClient, granted: Granted, ledger: CallLedger): Promise<void> {
  const { chance } = actor;
  switch (chance.integer(0, 9)) {
    case 0:
      return renew(actor, client);
    case 1:
    case 2:
      return callSync(actor, client, granted, ledger);
    default: {
      const calls = Array.from({ length: chance.integer(1, 4) }, () => call(actor, client, granted, ledger));
      await Promise.all(calls);
    }
  }
}

async function renew(actor: Actor, { lease }: RpcClient): Promise<void> {
  await lease.renew(actor.stage.leaseMs(actor.chance)).catch((error) => actor.errorOf('renew', error));
}

function wish(actor: Actor, methodId: CallWish['methodId']): CallWish {
  const { chance } = actor;
  const bytes = () => (chance.happens(0.02) ? 32_751 : payloadBytesMin + chance.integer(0, 120));
  return { methodId, requestBytes: bytes(), responseBytes: bytes(), idempotent: chance.happens(0.3) };
}

async function call(actor: Actor, client: RpcClient, granted: Granted, ledger: CallLedger): Promise<void> {
  const methodId = actor.chance.pick([methods.echo, methods.echo, methods.later, methods.fail, methods.block]);
  const begun = ledger.begin(actor, granted, wish(actor, methodId));
  const deadlineMs = actor.chance.octaves(0.1, deadlineMsMax);
  try {
    const { idempotent } = begun;
    ledger.answered(actor, begun, await client.call(methodId, requestOf(begun), { deadlineMs, idempotent }));
  } catch (error) {
    ledger.failed(actor, begun, error);
  }
}

/** Only what is answered within its handler's turn: while a thread blocks, no promise settles anywhere. */
function callSync(actor: Actor, client: RpcClient, granted: Granted, ledger: CallLedger): void {
  const methodId = actor.chance.pick([methods.echo, methods.fail]);
  const begun = ledger.begin(actor, granted, { ...wish(actor, methodId), idempotent: false });
  actor.mark('callSync');
  try {
    const deadlineMs = actor.chance.octaves(0.1, 200);
    ledger.answered(actor, begun, client.callSync(methodId, requestOf(begun), { deadlineMs }));
  } catch (error) {
    ledger.failed(actor, begun, error);
  }
}

/** One at a time, and, once everything should work, each must be answered. */
async function callCalmly(
  record: ClientRecord,
  client: RpcClient,
  granted: Granted,
  ledger: CallLedger,
): Promise<void> {
  const { actor } = record;
  const { phase } = actor.stage;
  await keepLease(actor, client);
  const begun = ledger.begin(actor, granted, wish(actor, methods.echo));
  try {
    ledger.answered(actor, begun, await client.call(methods.echo, requestOf(begun), { deadlineMs: calmDeadlineMs }));
    if (phase === 'verify') record.answered += 1;
  } catch (error) {
    ledger.failed(actor, begun, error);
    if (phase === 'verify' && actor.stage.phase === 'verify') record.failed = describe(begun, error);
  }
}

async function keepLease(actor: Actor, { lease }: RpcClient): Promise<void> {
  if (lease.remainingMs > calmLeaseMs / 2) return;
  await lease.renew(calmLeaseMs).catch((error) => actor.errorOf('renew', error));
}

function describe({ id, granted }: Call, error: unknown): string {
  return `call ${id} at lease ${granted.lease.id} failed: ${(error as Error).message}`;
}
