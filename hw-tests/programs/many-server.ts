// node --expose-gc many-server.js <service> <slots> <slot bytes> <history>: serves many clients, and writes down each call
// that it begins. Says `serving` with its lease, and at each line on stdin `tally`: how much was executed, and what this
// process holds. Complains on stderr of requests that no client sent.
import { setTimeout } from 'node:timers/promises';
import { type CallContext, FabricDns, MemBuilder, RemoteError, RpcServer } from '#sdk';
import { type CallName, callOf, manyMethods, refusalOf, responseTo } from './many-call.ts';
import { ServerHistory } from './many-history.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const slots = Number(argument(1));
const slotPayloadBytes = Number(argument(2));
const history = new ServerHistory(argument(3));
/** Longer than the shortest deadlines of the clients, and shorter than the longest. */
const lateMsMax = 8;

const lease = await new MemBuilder()
  .minBytes(slots * (slotPayloadBytes + 64))
  .leaseSecs(600)
  .acquire();
const server = new RpcServer(lease, { slots, slotPayloadBytes });

function handle(methodId: number, payload: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array> {
  const call = taken(payload);
  history.note(call.tag, call.number);
  if (methodId === manyMethods.prompt) return responseTo(payload);
  if (methodId === manyMethods.late) return answerLate(call, payload, context.signal);
  throw refused(call);
}

function taken(payload: Uint8Array): CallName {
  try {
    return callOf(payload);
  } catch (error) {
    console.error(JSON.stringify(errorFacts(error)));
    throw error;
  }
}

async function answerLate(call: CallName, payload: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  try {
    await setTimeout(call.number % lateMsMax, undefined, { signal });
  } catch {
    throw refused(call);
  }
  return responseTo(payload);
}

function refused(call: CallName): RemoteError {
  return new RemoteError(refusalOf(call), { code: call.number | 0 });
}

/** What stays after some turns of the event loop, in which whoever is gone is noticed, and some collections. */
async function holdings(): Promise<object> {
  for (let round = 0; round < 10; round++) {
    globalThis.gc?.();
    await setTimeout(5);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

await using dns = await FabricDns.open();
await dns.register(argument(0), server);
void server.serve({ handle }).catch((error: unknown) => console.error(JSON.stringify(errorFacts(error))));
say('serving', { url: lease.url });
for (;;) {
  await hear();
  history.flush();
  say('tally', { executed: history.count, running: server.running, ...(await holdings()) });
}
