// The producer's process of one contender's queues: `node producer.js NAME DIRECTORY`. On stdin, one JSON line on stdout
// for each: join BYTES | give BYTES DURATION_MS. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { MessageSource } from './messages.ts';
import { isNodeQueueName } from './names.ts';
import { queueDirectory } from './queue-directory.ts';
import { loadQueuePlane, type Producer } from './queue-plane.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeQueueName(name)) throw new Error(`no queue of Node processes: '${name}'`);
  const plane = await loadQueuePlane(name);
  const queues = new Map<number, Producer>();
  printReply({ ready: true });
  await obeyLines(async (line) => {
    const { verb, numbers } = splitCommand(line, { join: 1, give: 2 });
    const [bytes = 0, durationMs = 0] = numbers;
    if (verb === 'join') {
      queues.set(bytes, await plane.join(queueDirectory(directory, bytes)));
      return { joined: bytes };
    }
    return give(queues.get(bytes), bytes, durationMs);
  });
  for (const { close } of queues.values()) await close();
}

async function give(queue: Producer | undefined, bytes: number, durationMs: number): Promise<object> {
  if (queue === undefined) throw new Error(`no queue of ${bytes} B was joined`);
  const untilMs = performance.now() + durationMs;
  const source = new MessageSource(bytes, () => performance.now() >= untilMs);
  await queue.give(source.next);
  return { sent: source.sent };
}

await runChild(main);
