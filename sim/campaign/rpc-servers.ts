// What homes do in a run: they serve leases under a name, renew some of them, give some up, and begin anew when one is over.
import {
  type CallContext,
  CapacityExceeded,
  defaultRenewalPolicy,
  FabricError,
  type RpcHandler,
  RpcServer,
  type RpcServerOptions,
} from '#bridge';
import type { Actor } from './actor.ts';
import { type Call, type CallLedger, failureOf, methods, responseOf } from './call-ledger.ts';
import type { Chance } from './chance.ts';
import type { Granted, HomeLease } from './granted.ts';

export const serviceName = 'svc';

const leaseBytes = 65536;
const calmLeaseMs = 600_000;

export async function keepServing(actor: Actor, ledger: CallLedger, service: string = serviceName): Promise<void> {
  while (actor.stage.phase !== 'end') {
    const granted = grantOne(actor);
    if (granted !== undefined) await serveOne(actor, granted, ledger, service);
    await actor.pause();
  }
}

export function grantOne(actor: Actor): Granted | undefined {
  const { stage, chance, process } = actor;
  try {
    const leaseMs = stage.leaseMs(chance);
    return stage.grant(actor, process.agent.acquire({ minBytes: leaseBytes, leaseMs, hugePages: false }));
  } catch (error) {
    if (!(error instanceof CapacityExceeded)) throw error;
    actor.errorOf('acquire', error);
    return undefined;
  }
}

/** Until its lease is over. */
async function serveOne(actor: Actor, granted: Granted, ledger: CallLedger, service: string): Promise<void> {
  const { chance, dns } = actor;
  const { lease } = granted;
  const over = new Promise<void>((resolve) => lease.onEnd(() => resolve()));
  const wait = chance.happens(0.8) ? 'event' : 'adaptive';
  const server = new RpcServer(lease, { wait, ...drawLayout(chance) });
  granted.service = serviceName;
  const handle: RpcHandler['handle'] = (methodId, payload, context) => {
    const call = ledger.ran(actor, granted, methodId, payload);
    return call === undefined ? new Uint8Array(0) : answer(actor, call, context);
  };
  actor.spawn(() => server.serve({ handle }).catch(expectEnd));
  granted.service = service;
  await dns.register(service, server);
  actor.spawn(() => tend(actor, granted));
  await over;
}

/** Classic, or with slots for at least one client, which may hold so little that most payloads go in parts. */
function drawLayout(chance: Chance): RpcServerOptions {
  if (chance.happens(0.5)) return {};
  return { slots: chance.pick([4, 8, 16]), slotPayloadBytes: chance.pick([44, 236, 1004, 3052]) };
}

export function expectEnd(error: unknown): void {
  if (!(error instanceof FabricError)) throw error;
}

/** Renews it or not, gives it up or not. */
export async function tend(actor: Actor, { lease }: Granted): Promise<void> {
  const { chance, stage } = actor;
  const style = chance.pick(['alone', 'renewed', 'renewed by hand', 'given up'] as const);
  if (style === 'renewed') lease.renewAutomatically({ ...defaultRenewalPolicy, delayMsMin: 0 });
  while (!stage.calm && lease.status === 'active') {
    await actor.pause();
    if (stage.calm || lease.status !== 'active') break;
    if (style === 'renewed by hand')
      await lease.renew(stage.leaseMs(chance)).catch((error) => actor.errorOf('renew', error));
    if (style === 'given up' && chance.happens(0.2)) await lease[chance.pick(['release', 'revoke'] as const)]();
  }
  await keep(actor, lease);
}

/** For good, whoever still has it renewed for less: the shortest renewal counts, if it comes last. */
async function keep(actor: Actor, lease: HomeLease): Promise<void> {
  while (actor.stage.phase !== 'end' && lease.status === 'active') {
    if (lease.remainingMs < calmLeaseMs / 2) {
      await lease.renew(calmLeaseMs).catch((error) => actor.errorOf('renew', error));
    }
    lease.renewAutomatically(defaultRenewalPolicy);
    await actor.pause();
  }
}

export function answer(actor: Actor, call: Call, context: CallContext): Uint8Array | Promise<Uint8Array> {
  const tookMs = actor.stage.knobs.handlerMs * actor.chance.unit();
  switch (call.methodId) {
    case methods.echo:
      return responseOf(call);
    case methods.later:
      return answerLater(actor, call, tookMs, context);
    case methods.fail:
      throw new Error(failureOf(call));
    case methods.block:
      actor.process.clock.preempt(tookMs);
      return responseOf(call);
  }
}

/** Or at once, when nobody waits for it any more. */
function answerLater(actor: Actor, call: Call, afterMs: number, { signal }: CallContext): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const finish = () => resolve(responseOf(call));
    const timer = actor.process.clock.after(afterMs, finish);
    signal.addEventListener('abort', () => {
      actor.mark('handler: aborted');
      timer.cancel();
      finish();
    });
  });
}
