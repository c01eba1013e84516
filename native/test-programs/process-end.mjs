// node process-end.mjs <ending>: a process that holds live watches and mappings, and ends in the named way.
import { unlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { addon, createMapping } from './addon.mjs';

const ending = process.argv[2];
const path = `/tmp/leasewire-test-end-${process.pid}.sock`;
const mapping = createMapping();
const bell = new addon.Doorbell();
const listener = new addon.SeqpacketListener(path, 4);
const client = new addon.SeqpacketSocket(path);
const server = listener.accept();
unlinkSync(path);
listener.watch(() => {});
server.watch(() => {});
server.ref();

function inCallback(action) {
  bell.watch(action);
  bell.ref();
  bell.ring();
}

const endings = {
  return: () => server.unref(),
  exit: () => process.exit(0),
  'exit in callback': () => inCallback(() => process.exit(0)),
  'throw in callback': () =>
    inCallback(() => {
      throw new Error('thrown by the callback');
    }),
  'exit after close': () => {
    for (const resource of [mapping, bell, listener, client, server]) resource.close();
    process.exit(0);
  },
  'exit with workers': () => {
    const options = (i) => ({ workerData: { ending: 'terminate', path: `${path}.${i}` } });
    const workers = [0, 1].map((i) => new Worker(new URL('./worker-body.mjs', import.meta.url), options(i)));
    let ready = 0;
    for (const [i, worker] of workers.entries()) {
      worker.on('message', () => {
        unlinkSync(`${path}.${i}`);
        if (++ready === workers.length) process.exit(0);
      });
    }
  },
};
endings[ending]();
