// node --expose-gc lifetime-gc.js <repetitions>: drops leases, clients and servers in every order. Fails unless what is
// still reachable works, and everything is given back afterwards. Says `done` with how many orders there were.
import { FabricDns, FabricQueue, MemBuilder, type MemLease, RpcClient, RpcServer } from '#sdk';
import { resourcesOf } from '../local/resources.ts';
import { argument, say } from './voice.ts';

const repetitions = Number(argument(0));
const request = Uint8Array.of(1, 2, 3);
const echo = { handle: (_methodId: number, payload: Uint8Array) => payload };

const acquire = (): Promise<MemLease> => new MemBuilder().acquire();

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(`failed: ${message}`);
}

async function collect(rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function answers(client: RpcClient, message: string): Promise<void> {
  const response = await client.call(1, request, { deadlineMs: 20_000 });
  check(Buffer.compare(response, request) === 0, message);
}

/** A served lease of this process, and how to stop serving it. The server is reachable from nowhere else. */
async function serve(): Promise<{ id: string; stop: AbortController }> {
  const lease = await acquire();
  const stop = new AbortController();
  void new RpcServer(lease).serve(echo, { signal: stop.signal });
  return { id: lease.id, stop };
}

/** Each makes something and returns what is kept of it, with a check that it works; then that is dropped too. */
const orders: Readonly<Record<string, () => Promise<(() => Promise<void>) | undefined>>> = {
  'a lease, dropped': async () => {
    await acquire();
    return undefined;
  },
  'a lease and its server, dropped': async () => {
    void new RpcServer(await acquire());
    return undefined;
  },
  'a lease, a server and a client in one thread, dropped': async () => {
    const lease = await acquire();
    void new RpcServer(lease);
    void new RpcClient(lease);
    return undefined;
  },
  'both ends of a queue, dropped': async () => {
    const lease = await acquire();
    const producer = FabricQueue.create<number>(lease, { capacity: 4, stride: 64 });
    const consumer = await FabricQueue.attach<number>(lease);
    producer.push(1);
    check(consumer.pop() === 1, 'a queue carries');
    return undefined;
  },
  'a queue at whose holder somebody waits, reachable from nowhere': async () => {
    const producer = FabricQueue.create<number>(await acquire(), { capacity: 4, stride: 64 });
    const { id } = producer.memLease;
    const received = (async () => (await FabricQueue.attach<number>(await MemBuilder.attach(id))).receive())();
    return async () => {
      producer.push(7);
      check((await received) === 7, 'an end at which somebody waits is kept');
    };
  },
  'a server, its lease dropped': async () => {
    const server = new RpcServer(await acquire());
    return async () => check(!server.pollOnce(echo), 'a server keeps its lease');
  },
  'a server that serves, reachable from nowhere': async () => {
    const { id, stop } = await serve();
    return async () => {
      await answers(new RpcClient(await MemBuilder.attach(id)), 'a server that serves is kept');
      stop.abort();
    };
  },
  'a client, its lease dropped': async () => {
    const { id, stop } = await serve();
    const client = new RpcClient(await MemBuilder.attach(id));
    return async () => {
      await answers(client, 'a client keeps its lease');
      stop.abort();
    };
  },
  'a call, everything but its promise dropped': async () => {
    const lease = await acquire();
    const server = new RpcServer(lease);
    const call = new RpcClient(await MemBuilder.attach(lease.id)).call(1, request);
    return async () => {
      check(server.pollOnce(echo), 'the request was posted');
      check((await call).length === 3, 'a call keeps its client');
    };
  },
  'a call that was given up, everything dropped': async () => {
    const lease = await acquire();
    void new RpcServer(lease);
    const client = new RpcClient(await MemBuilder.attach(lease.id));
    await client.call(1, request, { deadlineMs: 1 }).catch(() => undefined);
    return async () => check(lease.status === 'active', 'the home has its lease');
  },
  'a holder, dropped before its home': async () => {
    const lease = await acquire();
    await MemBuilder.attach(lease.id);
    return async () => check(lease.status === 'active', 'the home has its lease');
  },
  'a holder, its home dropped': async () => {
    const held = await MemBuilder.attach((await acquire()).id);
    return async () => check(held.id.length === 32, 'the holder may be looked at');
  },
  'a holder and its home, released': async () => {
    const lease = await acquire();
    const held = await MemBuilder.attach(lease.id);
    await lease.release();
    return async () => {
      await held.release();
      check(held.status === 'released', 'a holder of an ended lease ends');
    };
  },
  'a service, its name server dropped': async () => {
    const server = new RpcServer(await acquire());
    await (await FabricDns.open()).register('lifetime', server);
    const dns = await FabricDns.open();
    return async () => {
      check(
        (await dns.resolve('lifetime')).some(({ lease }) => lease === server.memLease.id),
        'it is still found',
      );
      await server.memLease.release();
    };
  },
  'a listener for an end that comes with the collection': async () => {
    (await acquire()).onEnd(() => undefined);
    return undefined;
  },
};

async function runOrder(create: () => Promise<(() => Promise<void>) | undefined>): Promise<void> {
  const verify = await create();
  await collect(2);
  await verify?.();
}

async function runAll(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const create of Object.values(orders)) await runOrder(create);
  }
}

await runAll(1);
await collect(50);
const before = JSON.stringify(resourcesOf('self'));
await runAll(repetitions);
for (let i = 0; i < 100 && JSON.stringify(resourcesOf('self')) !== before; i++) await collect(2);
const after = JSON.stringify(resourcesOf('self'));
check(after === before, `left ${after}, began with ${before}`);
say('done', { count: repetitions * Object.keys(orders).length });
process.exit(0);
