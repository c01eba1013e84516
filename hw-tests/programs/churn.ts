// node churn.js: takes and gives back leases of others as fast as it can, until it is killed or told
// to stop. The others' leases come on stdin, as a JSON array of URLs, and again whenever they change. What it meets must
// be a FabricError of a kind that a dying home or another holder explains; anything else it says, and ends.
import { FabricError, MemBuilder, RpcClient } from '#sdk';
import { methods } from '../../sdk/conformance/home-methods.ts';
import { errorFacts, hear, say } from './voice.ts';

const explained = new Set(['Disconnected', 'Revoked', 'LeaseExpired', 'Contention']);
let urls: readonly string[] = [];
let stopped = false;

/** With a slot every other time. */
async function useOnce(url: string, slot: boolean): Promise<void> {
  const lease = await MemBuilder.attach(url, { slots: slot ? 1 : 0 });
  if (slot) await new RpcClient(lease).call(methods.echo, Uint8Array.of(1, 2, 3));
  else await lease.mem().read(0, 64);
  await lease.renew(60);
  await lease.release();
}

async function round(url: string, slot: boolean): Promise<void> {
  const own = await new MemBuilder().minBytes(4096).acquire();
  try {
    await useOnce(url, slot);
    await own.renew();
  } finally {
    await own.release();
  }
}

async function churn(): Promise<void> {
  let rounds = 0;
  let refused = 0;
  while (!stopped) {
    const url = urls[rounds++ % urls.length];
    try {
      if (url !== undefined) await round(url, rounds % 2 === 0);
    } catch (error) {
      if (!(error instanceof FabricError) || !explained.has(error.code)) throw error;
      refused += 1;
    }
    if (rounds === 3) say('churning');
    if (rounds % 8 === 0) await new Promise(setImmediate);
  }
  say('stopped', { rounds, refused });
}

async function listen(): Promise<void> {
  for (;;) {
    const line = await hear();
    if (line === 'stop') break;
    urls = JSON.parse(line) as string[];
  }
  stopped = true;
}

urls = JSON.parse(await hear()) as string[];
try {
  await Promise.all([churn(), listen()]);
} catch (error) {
  say('stopped', { error: errorFacts(error) });
  process.exit(1);
}
await hear();
