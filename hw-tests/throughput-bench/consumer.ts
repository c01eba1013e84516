// The consumer's process of one contender's queues: `node consumer.js NAME DIRECTORY`. On stdin, one JSON line on stdout
// for each: open BYTES | take BYTES RAMP_MS WINDOW_MS. At the end of stdin it closes and exits.
import { printReply, runChild } from '../bench/child.ts';
import { splitCommand } from '../bench/command.ts';
import { obeyLines } from '../bench/obey-commands.ts';
import { CountWindow } from './count-window.ts';
import { MessageSink } from './messages.ts';
import { isNodeQueueName } from './names.ts';
import { queueDirectory } from './queue-directory.ts';
import { type Consumer, loadQueuePlane } from './queue-plane.ts';

async function main(name: string, directory: string): Promise<void> {
  if (!isNodeQueueName(name)) throw new Error(`no queue of Node processes: '${name}'`);
  const plane = await loadQueuePlane(name);
  const queues = new Map<number, Consumer>();
  printReply({ ready: true });
  await obeyLines(async (line) => {
    const { verb, numbers } = splitCommand(line, { open: 1, take: 3 });
    const [bytes = 0, rampMs = 0, windowMs = 0] = numbers;
    if (verb === 'open') {
      queues.set(bytes, await plane.open(queueDirectory(directory, bytes), bytes));
      return { opened: bytes };
    }
    return take(queues.get(bytes), bytes, new CountWindow({ rampMs, windowMs, windowMsMax: windowMs }, 0));
  });
  for (const { close } of queues.values()) await close();
}

async function take(queue: Consumer | undefined, bytes: number, window: CountWindow): Promise<object> {
  if (queue === undefined) throw new Error(`no queue of ${bytes} B is open`);
  const sink = new MessageSink(bytes, window);
  window.start(performance.now());
  await queue.take(sink.take);
  return { ...window.result(performance.now()), received: sink.received };
}

await runChild(main);
