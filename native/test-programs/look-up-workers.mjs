// node look-up-workers.mjs <count> [first]: runs `count` workers, a few at a time, which look up limits and devices and end
// in every way and in any order; with `first`, the main thread has done so before them.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { check } from './addon.mjs';

const endings = ['return', 'exit', 'throw', 'terminate', 'terminate while busy', 'terminate at once'];
const concurrent = 4;

async function lookUp() {
  const { listRdmaDevices, pageBytes, resourceLimits } = await import('#native');
  check(pageBytes() >= 4096, `a page has ${pageBytes()} bytes`);
  check(resourceLimits().openFilesMax > 0, 'no files may be open');
  check(Array.isArray(listRdmaDevices()), 'devices are no list');
}

async function beWorker() {
  await lookUp();
  if (workerData === 'exit') process.exit(0);
  if (workerData === 'throw') throw new Error('expected');
  if (workerData === 'return') return;
  parentPort.on('message', () => {}); // Stays, until it is terminated.
  parentPort.postMessage('ready');
  while (workerData === 'terminate while busy') await lookUp();
}

function runWorker(number) {
  const ending = endings[number % endings.length];
  const worker = new Worker(new URL(import.meta.url), { workerData: ending });
  worker.on('message', () => worker.terminate());
  if (ending === 'terminate at once') worker.on('online', () => setTimeout(() => worker.terminate(), number % 20));
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => (error.message === 'expected' ? undefined : reject(error)));
    worker.on('exit', resolve);
  });
}

async function beMain(count, first) {
  if (first !== undefined) await lookUp();
  let next = 0;
  const runLane = async () => {
    while (next < count) await runWorker(next++);
  };
  await Promise.all(Array.from({ length: concurrent }, runLane));
  await lookUp();
  console.log(`ok ${count}`);
}

if (isMainThread) await beMain(Number(process.argv[2]), process.argv[3]);
else await beWorker();
