// The producer's process of one queue: `node producer.js NAME DIRECTORY`. `give BYTES DURATION_MS` on stdin, one JSON
// line on stdout for each. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { MessageSource } from './messages.ts';
import { isNodeQueueName } from './names.ts';
import { loadQueuePlane } from './queue-plane.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeQueueName(name)) throw new Error(`no queue of Node processes: '${name}'`);
  const producer = await (await loadQueuePlane(name)).join(directory);
  printReply({ ready: true });
  await obeyLines(async (line) => {
    const [bytes = 0, durationMs = 0] = splitCommand(line, { give: 2 }).numbers;
    const source = new MessageSource(bytes, performance.now() + durationMs);
    await producer.give(source.next);
    return { sent: source.sent };
  });
  await producer.close();
}

await runChild(main);
