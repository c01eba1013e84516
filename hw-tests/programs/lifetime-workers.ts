// node --expose-gc lifetime-workers.js <count> <service lease>: runs that many workers, some at a time, which hold leases,
// serve and call, among each other and a home in another process, and end in every way. Fails unless descriptors and
// mappings are back where they began. Says `done` with how many there were.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MemBuilder, RpcClient, RpcServer } from '#sdk';
import { delayed, methods } from '../../sdk/conformance/home-methods.ts';
import { resourcesOf } from '../local/resources.ts';
import { attachWhenFree } from './attach-when-free.ts';
import { argument, say } from './voice.ts';

interface Task {
  readonly ending: string;
  /** A lease of another process, which serves it. */
  readonly url: string;
}

const lanes = 3;
const payload = Uint8Array.of(1, 2, 3);

const ready = (): void => parentPort?.postMessage('ready');

/** What a worker does last. Those that do not end by themselves say that they are ready to be terminated. */
const endings: Readonly<Record<string, (client: RpcClient, server: RpcServer) => unknown>> = {
  return: async (client, server) => {
    await client.memLease.release();
    await server.memLease.release();
  },
  'return with live leases': () => undefined,
  'return with a call given up': (client) =>
    client.call(methods.never, payload, { deadlineMs: 5 }).catch(() => undefined),
  'exit with live leases': () => process.exit(0),
  'exit with pending calls': (client) => {
    for (let i = 0; i < 5; i++) void client.call(methods.never, payload);
    process.exit(0);
  },
  'exit in a handler': (_client, server) => {
    const handler = { handle: () => process.exit(0) };
    void server.serve(handler);
    void new RpcClient(server.memLease).call(1, payload);
  },
  'exit when a lease ends': (_client, server) => {
    server.memLease.onEnd(() => process.exit(0));
    void server.memLease.release();
  },
  throw: () => {
    throw new Error('expected');
  },
  'throw in a continuation': async (client) => {
    await client.call(methods.slow, delayed(5));
    throw new Error('expected');
  },
  'terminate while serving': (_client, server) => {
    void server.serve({ handle: () => payload });
    ready();
  },
  'terminate with pending calls': (client) => {
    for (let i = 0; i < 5; i++) void client.call(methods.never, payload);
    ready();
  },
  'terminate in callSync': (client) => {
    ready();
    client.callSync(methods.never, payload, { deadlineMs: 60_000 });
  },
  'terminate while calls go back and forth': async (client) => {
    ready();
    for (;;) await client.call(methods.echo, payload);
  },
  'terminate while callSync goes back and forth': (client) => {
    ready();
    for (;;) client.callSync(methods.echo, payload);
  },
  'terminate while leases come and go': async () => {
    ready();
    for (;;) await (await new MemBuilder().minBytes(4096).acquire()).release();
  },
};

async function inWorker({ ending, url }: Task): Promise<void> {
  const server = new RpcServer(await new MemBuilder().acquire());
  const client = new RpcClient(await attachWhenFree(url));
  await client.call(methods.echo, payload);
  await endings[ending]?.(client, server);
}

function runWorker(task: Task): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: task, stderr: true });
  worker.on('message', () => {
    // Not at once: it is to be in the midst of something.
    setTimeout(() => void worker.terminate(), Math.random() * 10);
  });
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => (error.message === 'expected' ? undefined : reject(error)));
    worker.on('exit', () => resolve());
  });
}

async function runAll(count: number, urls: readonly string[]): Promise<void> {
  const names = Object.keys(endings);
  let next = 0;
  const lane = async (url: string) => {
    while (next < count) await runWorker({ ending: names[next++ % names.length] ?? '', url });
  };
  await Promise.all(urls.map(lane));
}

async function inMain(): Promise<void> {
  const count = Number(argument(0));
  // A slot has one client: each lane has a lease of its own.
  const urls = process.argv.slice(3, 3 + lanes);
  await runAll(lanes, urls);
  const before = JSON.stringify(resourcesOf('self'));
  await runAll(count, urls);
  for (let i = 0; i < 200 && JSON.stringify(resourcesOf('self')) !== before; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const after = JSON.stringify(resourcesOf('self'));
  if (after !== before) throw new Error(`left ${after}, began with ${before}`);
  say('done', { count });
  process.exit(0);
}

await (isMainThread ? inMain() : inWorker(workerData as Task));
