// node lifetime-end.js <ending> <service lease>: a process with live leases, a server, a client and calls under way, which
// ends in the named way. Whoever started it looks at how it ended.
import { FabricDns, MemBuilder, RpcClient, RpcServer } from '#sdk';
import { delayed, methods } from '../../sdk/conformance/home-methods.ts';
import { attachWhenFree } from './attach-when-free.ts';
import { argument } from './voice.ts';

const payload = Uint8Array.of(1, 2, 3);
const lease = await new MemBuilder().acquire();
const server = new RpcServer(lease);
const held = await attachWhenFree(argument(1));
const client = new RpcClient(held);
await client.call(methods.echo, payload);

function callNever(): void {
  for (let i = 0; i < 3; i++) client.call(methods.never, payload).catch(() => undefined);
}

async function serveOwnCall(handle: () => Uint8Array): Promise<void> {
  void server.serve({ handle }).catch(() => undefined);
  await new RpcClient(lease).call(1, payload);
}

const endings: Readonly<Record<string, () => unknown>> = {
  // Nothing is under way, so nothing keeps the process.
  'return with live leases': () => undefined,
  'return after release': () => Promise.all([lease.release(), held.release()]),
  'return after a call was given up': () =>
    client.call(methods.never, payload, { deadlineMs: 10 }).catch(() => undefined),
  'return after calls that callSync has finished': () => {
    void client.call(methods.slow, delayed(20));
    void client.call(methods.echo, payload);
    client.callSync(methods.echo, payload);
  },
  'return after serving': async () => {
    const stop = new AbortController();
    const serving = server.serve({ handle: () => payload }, { signal: stop.signal });
    await new RpcClient(lease).call(1, payload);
    stop.abort();
    await serving;
  },
  'return with a service published': async () => {
    await (await FabricDns.open()).register('lifetime-end', server);
  },
  'return when the pending call is answered': () => {
    void client.call(methods.slow, delayed(50));
  },
  'return when its lease ends under a pending call': async () => {
    callNever();
    await held.release();
  },
  // Everything is under way.
  'exit while serving, with calls pending': () => {
    void server.serve({ handle: () => payload });
    callNever();
    process.exit(0);
  },
  'exit in a handler': () =>
    serveOwnCall(() => {
      process.exit(0);
    }),
  'exit when a lease ends': () => {
    callNever();
    lease.onEnd(() => process.exit(0));
    void lease.release();
  },
  'exit in the turn after callSync': () => {
    client.callSync(methods.echo, payload);
    setImmediate(() => process.exit(0));
    callNever();
  },
  'throw with everything under way': () => {
    void server.serve({ handle: () => payload });
    callNever();
    setImmediate(() => {
      throw new Error('expected');
    });
  },
  'SIGTERM with everything under way': () => {
    void server.serve({ handle: () => payload });
    callNever();
    process.kill(process.pid, 'SIGTERM');
  },
};

await endings[argument(0)]?.();
