// A server process on node a: `node server.js NAME PLACE`. Serves until stdin ends. PLACE is an address, or for leasewire
// a directory.
import { once } from 'node:events';
import { printReply, runChild } from '../bench/child.ts';
import type { Close } from '../bench/echo-plane.ts';
import { loadEchoPlane } from './echo-planes.ts';
import { serveMemory } from './memory.ts';
import { isServerName } from './names.ts';

async function main(name: string, place: string): Promise<void> {
  const close = await open(name, place);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await close();
}

async function open(name: string, place: string): Promise<Close> {
  if (!isServerName(name)) throw new Error(`no server '${name}'`);
  if (name === 'leasewire-memory') {
    const { url, close } = await serveMemory();
    printReply({ ready: true, url });
    return close;
  }
  const close = await (await loadEchoPlane(name)).serve(place);
  printReply({ ready: true });
  return close;
}

await runChild(main);
