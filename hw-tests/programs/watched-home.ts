// node watched-home.js <bytes> [seconds]: home to one lease, with a way to its memory that no ending takes. Says `ready` with
// the lease. At a line on stdin it revokes the lease, or lets it expire in so many seconds, looks at the memory as soon as
// that is done, and again later; says `revoked` or `expired` with what revoke() returned, whether the bytes had been
// changing before, and how many changed after.
import { openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { MemBuilder } from '#sdk';
import { argument, hear, say } from './voice.ts';

const bytes = Number(argument(0));
const seconds = process.argv[3];
/** Requests that the holder's card still had would have come many times over. */
const laterMs = 2000;
const lease = await new MemBuilder().minBytes(bytes).acquire();
const memory = openMemory();

/** The lease's memory by a descriptor of its own: the same pages, mapped or not, registered or not. */
function openMemory(): number {
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith('/memfd:leasewire '));
  const [fd] = descriptors;
  if (fd === undefined || descriptors.length > 1) throw new Error(`${descriptors.length} leases to watch, not one`);
  return openSync(`/proc/self/fd/${fd}`, 'r');
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // That of the listing itself.
  }
}

function snapshot(): Buffer {
  const bytesNow = Buffer.alloc(bytes);
  readSync(memory, bytesNow, 0, bytes, 0);
  return bytesNow;
}

function changes(before: Buffer, after: Buffer): number {
  return before.reduce((count, byte, index) => count + (byte === after[index] ? 0 : 1), 0);
}

/** The way of ending that was asked for; resolves when nothing more may come. */
async function end(): Promise<string | undefined> {
  if (seconds === undefined) return lease.revoke();
  await lease.renew(Number(seconds));
  // Whoever listens is told in the midst of it, and goes on once it is done.
  await new Promise((resolve) => lease.onEnd(resolve));
  return undefined;
}

say('ready', { url: lease.url });
await hear();
const early = snapshot();
await setTimeout(300);
const changedBefore = changes(early, snapshot());
const fromMs = performance.now();
const outcome = await end();
const atOnce = snapshot();
const tookMs = performance.now() - fromMs;
await setTimeout(laterMs);
say(lease.status, { outcome, tookMs, changedBefore, changedAfter: changes(atOnce, snapshot()) });
await hear();
