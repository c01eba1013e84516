// node --expose-gc leaks.js acquire|attach|cost <count>: takes leases and gives them back, or keeps them, and says what
// the process holds before and after. For `attach` the leases' URLs come as a JSON array on stdin.
import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { MemBuilder, type MemLease } from '#sdk';
import { type Resources, residentBytes, resourcesOf } from '../local/resources.ts';
import { argument, hear, say } from './voice.ts';

const count = Number(argument(1));

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
}

/** Collects, and lets finalizers and what they cause run: for a while, and until descriptors and mappings are as expected. */
async function settle(expected?: Resources): Promise<void> {
  for (let round = 0; round < 400; round++) {
    collectGarbage();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    const settled = expected === undefined || JSON.stringify(resourcesOf('self')) === JSON.stringify(expected);
    if (settled && round >= 10) return;
  }
}

function measure(): object {
  const { heapUsed, external } = process.memoryUsage();
  return { resources: resourcesOf('self'), residentBytes: residentBytes('self'), heapUsed, external };
}

const acquire = (): Promise<MemLease> => new MemBuilder().minBytes(65536).leaseSecs(600).acquire();

async function acquireAndRelease(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const lease = await acquire();
    if (i % 16 === 0) await lease.mem().write(0, Uint8Array.of(1));
    await lease.release();
  }
}

/** Every other lease is released, the others are left to the collector. */
async function attachAndDrop(urls: readonly string[]): Promise<void> {
  for (const [index, url] of urls.entries()) {
    const lease = await MemBuilder.attach(url);
    await lease.mem().read(0, 8);
    if (index % 2 === 0) await lease.release();
  }
}

async function compare(work: (times: number) => Promise<void>): Promise<void> {
  await work(count); // Warms up: code, connections, and the garbage that V8 lets lie between two collections.
  await settle();
  const expected = resourcesOf('self');
  say('before', measure());
  await work(count);
  await settle(expected);
  say('after', measure());
}

function memfdBytes(): { memfds: number; bytes: number } {
  const memfds = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('/memfd:leasewire') ? [fstatSync(Number(fd))] : [];
    } catch {
      return [];
    }
  });
  return { memfds: memfds.length, bytes: memfds.reduce((total, { blocks }) => total + blocks * 512, 0) };
}

async function cost(): Promise<void> {
  await acquireAndRelease(500);
  await settle();
  say('before', { ...measure(), ...memfdBytes() });
  const leases: MemLease[] = [];
  for (let i = 0; i < count; i++) leases.push(await acquire());
  await settle();
  say('after', { ...measure(), ...memfdBytes(), live: leases.length });
}

const modes: Readonly<Record<string, () => Promise<void>>> = {
  acquire: () => compare(acquireAndRelease),
  attach: async () => {
    const urls = JSON.parse(await hear()) as string[];
    await compare((times) => attachAndDrop(urls.slice(0, times)));
  },
  cost,
};
await modes[argument(0)]?.();
process.exit(0);
