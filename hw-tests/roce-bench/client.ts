// A client process on node b: `node client.js NAME PLACE`, with commands on stdin (see ../bench/command.ts). PLACE is an
// address, the URL of a lease, or for RPC a directory.
import { printReply, runChild } from '../bench/child.ts';
import type { Close } from '../bench/echo-plane.ts';
import { meterAwait } from '../bench/measure-await.ts';
import { meterSync } from '../bench/measure-sync.ts';
import type { Meter } from '../bench/meter.ts';
import { obeyCommands } from '../bench/obey-commands.ts';
import { loadEchoPlane } from './echo-planes.ts';
import { meterOperation } from './measure-operation.ts';
import { attachMemory } from './memory.ts';
import { type ClientName, isClientName, isMemoryName } from './names.ts';

async function main(name: string, place: string): Promise<void> {
  if (!isClientName(name)) throw new Error(`no client '${name}'`);
  const { meter, close } = await open(name, place);
  printReply({ ready: true });
  await obeyCommands(meter);
  await close();
}

async function open(name: ClientName, place: string): Promise<{ readonly meter: Meter; readonly close: Close }> {
  if (isMemoryName(name)) {
    const { operation, close } = await attachMemory(name, place);
    return { meter: meterOperation(operation), close };
  }
  const client = await (await loadEchoPlane(name)).connect(place);
  return { meter: client.kind === 'sync' ? meterSync(client.call) : meterAwait(client.call), close: client.close };
}

await runChild(main);
