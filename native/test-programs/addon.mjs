// What every test program needs: the addon as the current condition finds it, and counts of what it must not leak.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';

export const addon = createRequire(import.meta.url)('#addon');

const ours = /^(\/memfd:leasewire-test|anon_inode:\[eventfd\]|socket:)/;

function linkOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // The descriptor of the listing itself.
  }
}

/** Descriptors of the kinds that the addon makes, and mappings of test memfds. */
export function countResources() {
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => ours.test(linkOf(fd))).length;
  const mappings = readFileSync('/proc/self/maps', 'utf8').split('/memfd:leasewire-test').length - 1;
  return { descriptors, mappings };
}

/** Collects garbage, and lets finalizers run, until `isDone` or until nothing more is to be expected. */
export async function collectUntil(isDone) {
  for (let round = 0; round < 200 && !isDone(); round++) {
    globalThis.gc();
    await setImmediate();
  }
  return isDone();
}

export function check(condition, message) {
  if (!condition) throw new Error(`failed: ${message}`);
}

export function createMapping(bytes = 65536) {
  const memfd = addon.createSealedMemfd('leasewire-test', bytes, false);
  const mapping = new addon.Mapping(memfd, bytes);
  memfd.close();
  return mapping;
}
