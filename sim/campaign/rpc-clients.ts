// What holders do in a run: they find a server by its name, call it in bursts, one call or several at a time, waiting in this
// way or that, and leave.
import { defaultRenewalPolicy, RpcClient } from '#bridge';
import type { Actor } from './actor.ts';
import { type Call, type CallLedger, type CallWish, methods, requestOf } from './call-ledger.ts';
import type { Granted, HeldLease } from './granted.ts';
import { numberBytes } from './pattern.ts';
import { serviceName } from './rpc-servers.ts';

/** One client after another in one process, and what they have achieved since everything should work. */
export interface ClientRecord {
  readonly actor: Actor;
  answered: number;
  failed: string | undefined;
}

/** One client, and what it calls with. */
export interface Caller {
  readonly actor: Actor;
  readonly client: RpcClient;
  readonly granted: Granted;
  readonly ledger: CallLedger;
  /** So many calls can be under way. */
  readonly slotCount: number;
  /** What is longer goes in parts; undefined where nothing can be longer. */
  readonly partBytes: number | undefined;
}

const calmLeaseMs = 600_000;
const calmDeadlineMs = 10_000;
const deadlineMsMax = 8000;
/** Of one client: no lease of a run has fewer. */
const slotsMax = 4;
const slotHeaderBytes = 20;
const partsMax = 8;
const classicBytes = 65536;
const classicPayloadBytesMax = 32_751;

export async function keepCalling(
  record: ClientRecord,
  ledger: CallLedger,
  service: string = serviceName,
): Promise<void> {
  const { actor } = record;
  while (actor.stage.phase !== 'end') {
    const held = await connect(actor, service);
    if (held !== undefined) await useOne(record, held, ledger);
    await actor.pause();
  }
}

export async function connect(actor: Actor, service: string = serviceName): Promise<HeldLease | undefined> {
  try {
    return await actor.dns.connect(service, { slots: actor.chance.integer(1, slotsMax) });
  } catch (error) {
    actor.record('finds nobody', actor.errorOf('connect', error));
    return undefined;
  }
}

async function useOne(record: ClientRecord, held: HeldLease, ledger: CallLedger): Promise<void> {
  const { actor } = record;
  const { chance, stage } = actor;
  const granted = stage.attached(actor, held);
  const caller = openClient(actor, held, granted, ledger);
  if (caller === undefined) return;
  if (chance.happens(0.5)) held.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
  for (let rounds = chance.integer(1, 20); rounds > 0 || stage.calm; rounds--) {
    await actor.pause();
    if (held.status !== 'active' || stage.phase === 'end') break;
    if (stage.calm) await callCalmly(record, caller);
    else await callOnce(caller);
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

/** Slots that are new to their client hold no byte of an honest one before. */
export function openClient(actor: Actor, held: HeldLease, granted: Granted, ledger: CallLedger): Caller | undefined {
  const { chance, stage } = actor;
  try {
    const layout = held.readLayout();
    const { slotStride } = layout;
    const first = firstSlotOf(held);
    const client = new RpcClient(held, { wait: chance.happens(0.8) ? 'event' : 'adaptive' });
    stage.keep(client, held);
    const inSlots = layout.name === 'slots';
    const { slotCount } = held;
    const bytes = inSlots ? slotStride * slotCount : classicBytes;
    const own = held.window.arena.subarray(first() * slotStride, first() * slotStride + bytes);
    // A hostile client whose slots they were may write there as long as it has not heard that it lost them.
    const isWiped = granted.service !== serviceName || own.every((byte) => byte === 0);
    if (!isWiped) actor.fail(`the slots of lease ${held.id} are not empty`);
    if (inSlots) actor.mark('many slots');
    return { actor, client, granted, ledger, slotCount, partBytes: inSlots ? slotStride - slotHeaderBytes : undefined };
  } catch (error) {
    actor.errorOf('open client', error);
    return undefined;
  }
}

/** Where its slots begin, once they are claimed. */
function firstSlotOf(held: HeldLease): () => number {
  const claim = held.claimClientSlots.bind(held);
  let first = 0;
  held.claimClientSlots = (count) => {
    const slots = claim(count);
    first = slots.first;
    return slots;
  };
  return () => first;
}

async function callOnce(caller: Caller): Promise<void> {
  const { chance } = caller.actor;
  const calls = (least: number, most: number) =>
    Array.from({ length: chance.integer(least, most) }, () => call(caller));
  switch (chance.integer(0, 9)) {
    case 0:
      return renew(caller.actor, caller.client);
    case 1:
    case 2: {
      const others = calls(0, caller.slotCount - 1);
      callSync(caller);
      await Promise.all(others);
      return;
    }
    default:
      await Promise.all(calls(1, 2 * caller.slotCount + 2));
  }
}

async function renew(actor: Actor, { lease }: RpcClient): Promise<void> {
  await lease.renew(actor.stage.leaseMs(actor.chance)).catch((error) => actor.errorOf('renew', error));
}

function wish(caller: Caller, methodId: CallWish['methodId']): CallWish {
  const { chance } = caller.actor;
  const bytes = () => payloadBytes(caller);
  return { methodId, requestBytes: bytes(), responseBytes: bytes(), idempotent: chance.happens(0.3) };
}

function payloadBytes({ actor: { chance }, partBytes }: Caller): number {
  if (partBytes === undefined && chance.happens(0.02)) return classicPayloadBytesMax;
  if (partBytes !== undefined && chance.happens(0.1)) return chance.integer(partBytes, partsMax * partBytes);
  return numberBytes + chance.integer(0, 120);
}

export async function call(caller: Caller): Promise<void> {
  const { actor, client, ledger } = caller;
  const methodId = actor.chance.pick([methods.echo, methods.echo, methods.later, methods.fail, methods.block]);
  const begun = ledger.begin(actor, caller.granted, wish(caller, methodId));
  const deadlineMs = actor.chance.octaves(0.1, deadlineMsMax);
  const { signal, forget } = cancellation(actor);
  try {
    const { idempotent } = begun;
    const options = { deadlineMs, idempotent, ...(signal !== undefined && { signal }) };
    ledger.answered(actor, begun, await client.call(methodId, requestOf(begun), options));
  } catch (error) {
    ledger.failed(actor, begun, error);
  } finally {
    forget();
  }
}

/** Some calls are cancelled after a while, which may be after their end. */
export function cancellation({ chance, process: { clock } }: Actor): { signal?: AbortSignal; forget: () => void } {
  if (!chance.happens(0.2)) return { forget: () => undefined };
  const controller = new AbortController();
  const timer = clock.after(chance.octaves(0.01, deadlineMsMax), () => controller.abort());
  return { signal: controller.signal, forget: () => timer.cancel() };
}

/** Only what is answered within its handler's turn: while a thread blocks, no promise settles anywhere. */
export function callSync(caller: Caller): void {
  const { actor, client, ledger } = caller;
  const methodId = actor.chance.pick([methods.echo, methods.fail]);
  const begun = ledger.begin(actor, caller.granted, { ...wish(caller, methodId), idempotent: false });
  actor.mark('callSync');
  try {
    const deadlineMs = actor.chance.octaves(0.1, 200);
    ledger.answered(actor, begun, client.callSync(methodId, requestOf(begun), { deadlineMs }));
  } catch (error) {
    ledger.failed(actor, begun, error);
  }
}

/** As many as there are slots, and, once everything should work, each must be answered. */
async function callCalmly(record: ClientRecord, caller: Caller): Promise<void> {
  const { actor, client, slotCount } = caller;
  await keepLease(actor, client);
  const count = actor.chance.integer(1, slotCount);
  await Promise.all(Array.from({ length: count }, () => callOneCalmly(record, caller)));
}

async function callOneCalmly(record: ClientRecord, caller: Caller): Promise<void> {
  const { actor, client, granted, ledger } = caller;
  const { phase } = actor.stage;
  const begun = ledger.begin(actor, granted, wish(caller, methods.echo));
  try {
    ledger.answered(actor, begun, await client.call(methods.echo, requestOf(begun), { deadlineMs: calmDeadlineMs }));
    if (phase === 'verify') record.answered += 1;
  } catch (error) {
    ledger.failed(actor, begun, error);
    if (phase === 'verify' && actor.stage.phase === 'verify') record.failed = describe(begun, error);
  }
}

export async function keepLease(actor: Actor, { lease }: RpcClient): Promise<void> {
  if (lease.remainingMs > calmLeaseMs / 2) return;
  await lease.renew(calmLeaseMs).catch((error) => actor.errorOf('renew', error));
}

function describe({ id, granted }: Call, error: unknown): string {
  return `call ${id} at lease ${granted.lease.id} failed: ${(error as Error).message}`;
}
