// Homes that serve leases with many slots under a name, whatever they serve: they renew some, give some up, and begin anew
// when one is over. Some stop serving for a while.
import { type RpcHandler, RpcServer } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted } from './granted.ts';
import { expectEnd, grantOne, tend } from './rpc-servers.ts';

export interface Offer {
  readonly service: string;
  readonly handlerOf: (actor: Actor, granted: Granted) => RpcHandler;
}

/** For four clients with four slots each: a run has no more. */
const slots = 16;
const breaksShare = 0.15;

export async function keepServingSlots(actor: Actor, offer: Offer): Promise<void> {
  while (actor.stage.phase !== 'end') {
    const granted = grantOne(actor);
    if (granted !== undefined) await serveOne(actor, granted, offer);
    await actor.pause();
  }
}

/** Until its lease is over. */
async function serveOne(actor: Actor, granted: Granted, { service, handlerOf }: Offer): Promise<void> {
  const { chance, dns } = actor;
  const { lease } = granted;
  const over = new Promise<void>((resolve) => lease.onEnd(() => resolve()));
  const wait = chance.happens(0.8) ? 'event' : 'adaptive';
  const server = new RpcServer(lease, { wait, slots, slotPayloadBytes: chance.pick([44, 236, 1004, 3052]) });
  granted.service = service;
  const handler = handlerOf(actor, granted);
  actor.spawn(() => serveWithBreaks(actor, server, handler));
  await dns.register(service, server);
  actor.spawn(() => tend(actor, granted));
  await over;
}

async function serveWithBreaks(actor: Actor, server: RpcServer, handler: RpcHandler): Promise<void> {
  while (server.lease.status === 'active') {
    const stop = new AbortController();
    const forget = actor.chance.happens(breaksShare) ? stopLater(actor, stop) : () => undefined;
    await server.serve(handler, { signal: stop.signal }).catch(expectEnd);
    forget();
    await actor.pause();
  }
}

/** Unless all is calm by then. */
function stopLater({ chance, stage, process }: Actor, stop: AbortController): () => void {
  const timer = process.clock.after(chance.octaves(stage.shape.paceMs, 16 * stage.shape.paceMs), () => {
    if (stage.calm) return;
    stage.history.mark('a server stops serving');
    stop.abort();
  });
  return () => timer.cancel();
}
