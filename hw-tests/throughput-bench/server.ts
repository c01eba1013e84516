// The server process of one contender: `node server.js NAME DIRECTORY CLIENTS`. Serves until stdin ends; `settle` on
// stdin collects garbage.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { roomFor } from './effort.ts';
import { loadPlane } from './load-plane.ts';
import { isOneOf, loadNames } from './names.ts';
import { settle } from './settle.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isOneOf(loadNames, name)) throw new Error(`no contender that is loaded: '${name}'`);
  const clients = Number(process.argv[4]);
  const close = await (await loadPlane(name)).serve(directory, roomFor(clients));
  printReply({ ready: true });
  await obeyLines(async (line) => {
    splitCommand(line, { settle: 0 });
    await settle();
    return { settled: true };
  });
  await close();
}

await runChild(main);
