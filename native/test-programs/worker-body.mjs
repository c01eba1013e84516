// A worker that holds one of everything, with live watches, and ends in the way that workerData.ending names.
import { parentPort, workerData } from 'node:worker_threads';
import { addon, createMapping } from './addon.mjs';

const { ending, path } = workerData;
const mappings = [createMapping(), createMapping()];
mappings[1].close();
new Uint8Array(mappings[0].buffer)[0] = 1;

const idle = new addon.Doorbell();
idle.watch(() => {});

const bell = new addon.Doorbell();
const listener = new addon.SeqpacketListener(path, 4);
const client = new addon.SeqpacketSocket(path);
const server = listener.accept();
server.watch(() => server.receive(64, 4));
listener.watch(() => listener.accept());
client.watch(() => client.receive(64, 4));
client.send(new Uint8Array([1]), [bell.descriptor]);

function useEverything() {
  const mapping = createMapping(4096);
  const another = new addon.Doorbell();
  another.watch(() => {});
  another.ring();
  client.send(new Uint8Array(8), [another.descriptor, bell.descriptor]);
  addon.waitReadable([server, another], 0);
  for (const descriptor of server.receive(64, 4).descriptors) descriptor.close();
  try {
    new addon.SeqpacketSocket('/leasewire-nowhere');
  } catch {}
  another.close();
  mapping.close();
}

const endings = {
  return: () => bell.unref(),
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('expected');
  },
  // Stays rung, so that the callback runs whenever the loop turns.
  terminate: () => parentPort.postMessage('ready'),
  // Ended in the middle of whichever call it is in.
  'terminate while busy': () => {
    parentPort.postMessage('ready');
    for (;;) useEverything();
  },
  'terminate while waiting': () => {
    parentPort.postMessage('ready');
    addon.waitReadable([idle], Number.POSITIVE_INFINITY);
  },
  'exit in callback': () => {},
  'terminate in callback': () => {},
  'close in callback': () => {},
};

const inCallback = {
  'exit in callback': () => process.exit(0),
  'terminate in callback': () => {
    parentPort.postMessage('ready');
    for (;;); // Ended by terminate().
  },
  'close in callback': () => {
    for (const resource of [bell, idle, listener, client, server]) resource.close();
  },
};

bell.watch(() => inCallback[ending]?.());
bell.ref();
bell.ring();
endings[ending]();
