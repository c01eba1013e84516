// The server process of one contender: `node server.js NAME DIRECTORY`. Serves until stdin ends.
import { once } from 'node:events';
import { printReply, runChild } from './child.ts';
import { loadEchoPlane } from './echo-plane.ts';
import { isNodeContenderName } from './names.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeContenderName(name)) throw new Error(`no contender of Node processes: '${name}'`);
  const close = await (await loadEchoPlane(name)).serve(directory);
  printReply({ ready: true });
  process.stdin.resume();
  await once(process.stdin, 'end');
  await close();
}

await runChild(main);
