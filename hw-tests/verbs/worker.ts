// A worker that holds two connected queue pairs, writes from one to the other, says so, and ends as workerData has it.
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
parentPort?.postMessage('written');
if (workerData === 'exit') process.exit(0);
if (workerData !== 'return') parentPort?.on('message', () => undefined); // Stays, until it is terminated.
while (workerData === 'terminate while busy') await writeOnce();
