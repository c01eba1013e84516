// The client process of one contender: `node client.js NAME DIRECTORY`. Commands on stdin (see command.ts), one
// JSON line on stdout for each. Between commands it waits for stdin; at the end of stdin it closes and exits.
import { printReply, runChild } from './child.ts';
import { loadEchoPlane } from './echo-plane.ts';
import { meterAwait } from './measure-await.ts';
import { meterSync } from './measure-sync.ts';
import { isNodeContenderName } from './names.ts';
import { obeyCommands } from './obey-commands.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeContenderName(name)) throw new Error(`no contender of Node processes: '${name}'`);
  const client = await (await loadEchoPlane(name)).connect(directory);
  const meter = client.kind === 'sync' ? meterSync(client.call) : meterAwait(client.call);
  printReply({ ready: true });
  await obeyCommands(meter);
  await client.close();
}

await runChild(main);
