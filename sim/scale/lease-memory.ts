// What a lease costs beside its own bytes, measured on many: at its home, at a holder, and the session between two
// processes that have one.
import { invariant } from '#bridge';
import { MemoryRecords } from '../memory-registry.ts';
import type { Process } from '../process.ts';
import { World } from '../world.ts';
import { heldBytes } from './held-bytes.ts';

/** Bytes, of JavaScript's heap and of what hangs on it. */
export interface LeaseMemory {
  readonly home: number;
  readonly holder: number;
  /** Both ends of one session. */
  readonly session: number;
}

const leases = 2000;
const sessions = 200;
const leaseMs = 3_600_000;
const request = { minBytes: 1, leaseMs, hugePages: false };

/** Undefined unless Node was started with `--expose-gc`. */
export async function measureLeaseMemory(): Promise<LeaseMemory | undefined> {
  if (heldBytes() === undefined) return undefined;
  await measured(); // What is compiled and kept for all leases is there from then on.
  return measured();
}

async function measured(): Promise<LeaseMemory> {
  const world = new World(1, { readMs: 0 });
  world.network.wholeMessages = true;
  const home = world.process({ far: true, records: new MemoryRecords() });
  const holder = world.process({ far: true, records: new MemoryRecords() });
  const address = await home.agent.listenNetwork({ host: 'home', port: 7000 });
  const attach = async ({ agent }: Process, lease: { readonly id: Parameters<typeof agent.attach>[0] }) => {
    const held = await world.clock.run(agent.attach(lease.id, { slots: 0 }, address));
    held.renewAutomatically({ fraction: 0.75, jitter: 0.1, delayMsMin: 0, backoffMsMax: 5000 });
    return held;
  };
  await attach(holder, home.agent.acquire(request));
  const start = counted(world);
  const granted = Array.from({ length: leases }, () => home.agent.acquire(request));
  const atHome = counted(world);
  for (const lease of granted) await attach(holder, lease);
  const atHolder = counted(world);
  const others = Array.from({ length: sessions }, () => world.process({ far: true, records: new MemoryRecords() }));
  const started = counted(world);
  for (const each of others) await attach(each, granted[0] ?? invariantLease());
  const connected = counted(world);
  const perLease = (atHolder - atHome) / leases;
  return {
    home: (atHome - start) / leases,
    holder: perLease,
    session: (connected - started) / sessions - perLease,
  };
}

function invariantLease(): never {
  throw new Error('leases were granted');
}

/** Without the bytes that were lent, and their mirrors. */
function counted(world: World): number {
  const bytes = heldBytes();
  invariant(bytes !== undefined && world.clock.timeMs < leaseMs / 2, 'garbage is collected, and no lease is renewed');
  return bytes - process.memoryUsage().arrayBuffers;
}
