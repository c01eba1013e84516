// A worker that holds two connected queue pairs and ends as it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { Loop } from './loop.ts';

const { left, right } = new Loop();
left.queue.watch(() => left.queue.drain());
left.queue.arm();

async function writeOnce(): Promise<void> {
  if (!left.pair.write(left.region, 0, 4096, right.remote, 0, 1)) throw new Error('no room');
  await left.take(1);
}

await writeOnce();
if (workerData === 'exit') process.exit(0);
if (workerData !== 'return') {
  parentPort?.postMessage('ready');
  // Ended by terminate(), idle or in the middle of whichever call it is in.
  parentPort?.ref();
  parentPort?.on('message', () => undefined);
  while (workerData === 'terminate while busy') await writeOnce();
}
