// node --expose-gc gc-orders.mjs <repetitions>: drops and closes resources in every order, many times over, and
// fails unless memory stays readable as long as it is reachable and everything is given back afterwards.
import { addon, check, collectUntil, countResources, createMapping } from './addon.mjs';

const repetitions = Number(process.argv[2] ?? 1);
const path = `/tmp/leasewire-test-gc-${process.pid}.sock`;

function filledMapping() {
  const mapping = createMapping();
  new Uint8Array(mapping.buffer).fill(7);
  return mapping;
}

/** Each creates something and returns what stays reachable, with a check of it; then that is dropped too. */
const orders = {
  'everything dropped': () => void filledMapping(),
  'only the buffer kept': () => {
    const { buffer } = filledMapping();
    return () => check(new Uint8Array(buffer)[65535] === 7, 'buffer outlives its Mapping');
  },
  'only a view kept': () => {
    const view = new Int32Array(filledMapping().buffer, 4096, 16);
    return () => check(Atomics.load(view, 15) === 0x07070707, 'view outlives its Mapping');
  },
  'only the Mapping kept': () => {
    const mapping = filledMapping();
    return () => check(new Uint8Array(mapping.buffer)[0] === 7, 'Mapping keeps its buffer');
  },
  'closed, a view kept': () => {
    const mapping = filledMapping();
    const view = new Int32Array(mapping.buffer);
    mapping.close();
    return () => check(view.length === 0 && view[0] === undefined, 'stale view is empty');
  },
  'closed, the Mapping kept': () => {
    const mapping = filledMapping();
    mapping.close();
    return () => check(mapping.closed && mapping.buffer.byteLength === 0, 'closed stays closed');
  },
  'closed late, after the buffer was looked at': () => {
    const mapping = filledMapping();
    return () => mapping.close();
  },
  'descriptor dropped open': () => void addon.createSealedMemfd('leasewire-test', 4096, false),
  'doorbell dropped, its descriptor kept': () => {
    const { descriptor } = new addon.Doorbell();
    return () => check(!descriptor.closed, 'a lent descriptor keeps the eventfd open');
  },
  'doorbell watched, unwatched and dropped': () => {
    const bell = new addon.Doorbell();
    bell.watch(() => bell.drain());
    bell.unwatch();
  },
  'doorbell watched and closed': () => {
    const bell = new addon.Doorbell();
    bell.watch(() => {});
    bell.close();
  },
  'sockets and a received descriptor dropped open': (listener) => {
    const client = new addon.SeqpacketSocket(path);
    const server = listener.accept();
    client.send(new Uint8Array([1]), [addon.createSealedMemfd('leasewire-test', 4096, false)]);
    const { descriptors } = server.receive(16, 1);
    return () => check(!descriptors[0].closed, 'received descriptor is open');
  },
  'message never received': (listener) => {
    const client = new addon.SeqpacketSocket(path);
    listener.accept();
    client.send(new Uint8Array([1]), [addon.createSealedMemfd('leasewire-test', 4096, false)]);
  },
};

async function runOrder(create, listener) {
  const verify = create(listener);
  globalThis.gc();
  await new Promise(setImmediate);
  verify?.();
}

const listener = new addon.SeqpacketListener(path, 16);
const { unlinkSync } = await import('node:fs');
process.on('exit', () => unlinkSync(path));

const before = countResources();
function isBaseline() {
  const now = countResources();
  return now.descriptors === before.descriptors && now.mappings === before.mappings;
}

for (let i = 0; i < repetitions; i++) {
  for (const create of Object.values(orders)) await runOrder(create, listener);
}
const settled = await collectUntil(isBaseline);
check(settled, `left ${JSON.stringify(countResources())}, began with ${JSON.stringify(before)}`);
console.log(`ok ${repetitions * Object.keys(orders).length}`);
