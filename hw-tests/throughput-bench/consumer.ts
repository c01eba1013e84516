// The consumer's process of one queue: `node consumer.js NAME DIRECTORY`. `take BYTES RAMP_MS WINDOW_MS` on stdin, one
// JSON line on stdout for each. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { CountWindow } from './count-window.ts';
import { QUEUE_BYTES } from './effort.ts';
import { MessageSink } from './messages.ts';
import { isNodeQueueName } from './names.ts';
import { loadQueuePlane } from './queue-plane.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeQueueName(name)) throw new Error(`no queue of Node processes: '${name}'`);
  const consumer = await (await loadQueuePlane(name)).open(directory, Math.max(...QUEUE_BYTES));
  printReply({ ready: true });
  await obeyLines(async (line) => {
    const [bytes = 0, rampMs = 0, windowMs = 0] = splitCommand(line, { take: 3 }).numbers;
    const window = new CountWindow({ rampMs, windowMs, windowMsMax: windowMs }, 0);
    const sink = new MessageSink(bytes, window);
    window.start(performance.now());
    await consumer.take(sink.take);
    return { ...window.result(performance.now()), received: sink.received };
  });
  await consumer.close();
}

await runChild(main);
