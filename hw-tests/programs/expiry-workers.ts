// node expiry-workers.js <lease ms>: a thread that is home to a lease and serves it, one that calls, one that blocks in
// callSync on a lease of its own, all until the leases expire under them. Says what each of them met.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MemBuilder, RpcClient, RpcServer } from '#sdk';
import { argument, errorFacts, say } from './voice.ts';

type Role = 'server' | 'caller' | 'blocked';

interface Task {
  readonly role: Role;
  readonly url?: string;
  readonly leaseSecs: number;
}

async function serve({ leaseSecs }: Task): Promise<never> {
  const lease = await new MemBuilder().leaseSecs(leaseSecs).acquire();
  const server = new RpcServer(lease);
  parentPort?.postMessage({ url: lease.url });
  await server.serve({ handle: () => new Promise(() => undefined) });
  throw new Error('serve() came to an end');
}

async function call({ url = '', role }: Task): Promise<never> {
  const client = new RpcClient(await MemBuilder.attach(url));
  if (role === 'blocked') client.callSync(1, new Uint8Array(8));
  else await client.call(1, new Uint8Array(8));
  throw new Error('the call was answered');
}

async function inWorker(task: Task): Promise<void> {
  try {
    await (task.role === 'server' ? serve(task) : call(task));
  } catch (error) {
    parentPort?.postMessage({ outcome: errorFacts(error) });
  }
}

function start(task: Task): { url: Promise<string>; outcome: Promise<unknown>; exit: Promise<unknown> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  const of = (field: string) =>
    new Promise<string>((resolve) => {
      worker.on('message', (message) => field in message && resolve(message[field]));
    });
  const exit = new Promise((resolve, reject) => {
    worker.once('exit', resolve);
    worker.once('error', reject);
  });
  return { url: of('url'), outcome: of('outcome'), exit };
}

async function inMain(leaseSecs: number): Promise<void> {
  for (const role of ['caller', 'blocked'] as const) {
    const server = start({ role: 'server', leaseSecs });
    const client = start({ role, leaseSecs, url: await server.url });
    say(role, { client: await client.outcome, server: await server.outcome });
    say('exits', { codes: await Promise.all([client.exit, server.exit]) });
  }
}

if (isMainThread) await inMain(Number(argument(0)) / 1000);
else await inWorker(workerData as Task);
