// node --expose-gc workers.mjs <count> [ending]: runs `count` workers, a few at a time, which load the addon and end in
// every way and in any order. Fails unless descriptors and mappings are back where they began.
import { unlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { check, collectUntil, countResources } from './addon.mjs';

const count = Number(process.argv[2] ?? 1);
const allEndings = [
  'return',
  'exit',
  'throw',
  'terminate',
  'terminate while busy',
  'terminate while waiting',
  'exit in callback',
  'terminate in callback',
  'close in callback',
];
const endings = process.argv[3] === undefined ? allEndings : [process.argv[3]];
const concurrent = 4;

function runWorker(number) {
  const path = `/tmp/leasewire-test-worker-${process.pid}-${number}.sock`;
  const ending = endings[number % endings.length];
  const worker = new Worker(new URL('./worker-body.mjs', import.meta.url), { workerData: { ending, path } });
  worker.on('message', () => worker.terminate());
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => (error.message === 'expected' ? undefined : reject(error)));
    worker.on('exit', () => {
      unlinkSync(path);
      resolve();
    });
  });
}

let next = 0;
async function runLane() {
  while (next < count) await runWorker(next++);
}

const before = countResources();
await Promise.all(Array.from({ length: concurrent }, runLane));
const isBaseline = () => JSON.stringify(countResources()) === JSON.stringify(before);
check(await collectUntil(isBaseline), `left ${JSON.stringify(countResources())}, began with ${JSON.stringify(before)}`);
console.log(`ok ${count}`);
