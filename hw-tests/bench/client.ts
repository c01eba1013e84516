// The client process of one contender: `node client.js NAME DIRECTORY`. Commands on stdin (see command.ts), one
// JSON line on stdout for each. Between commands it waits for stdin; at the end of stdin it closes and exits.
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { printReply, runChild } from './child.ts';
import { type Command, parseCommand } from './command.ts';
import { loadEchoPlane } from './echo-plane.ts';
import { meterAwait } from './measure-await.ts';
import { meterSync } from './measure-sync.ts';
import { clockReadNs, type Meter } from './meter.ts';
import { isNodeContenderName } from './names.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeContenderName(name)) throw new Error(`no contender of Node processes: '${name}'`);
  const client = await (await loadEchoPlane(name)).connect(directory);
  const meter = client.kind === 'sync' ? meterSync(client.call) : meterAwait(client.call);
  printReply({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    printReply(await obey(meter, parseCommand(line)));
  }
  await client.close();
}

async function obey(meter: Meter, command: Command): Promise<object> {
  switch (command.verb) {
    case 'clock':
      return { clockReadNs: clockReadNs() };
    case 'warm':
      return { nsPerCall: await meter.warm(command.bytes, command.durationMs) };
    case 'round':
      return meter.round(command.order);
    case 'idle':
      await setTimeout(command.waitMs);
      return { idleNs: await meter.idle(command.bytes) };
  }
}

await runChild(main);
