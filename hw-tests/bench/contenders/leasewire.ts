// leasewire on the classic layout, by callSync and by await: the same server, the same client, two verbs.
import {
  connect,
  defineService,
  FabricDns,
  implement,
  MemBuilder,
  RpcClient,
  type RpcHandler,
  RpcServer,
  type RpcServerOptions,
  unary,
} from '#sdk';
import type { AwaitClient, Close, EchoPlane } from '../echo-plane.ts';

const SERVICE = 'bench-echo';
const METHOD_ECHO = 1;
const LEASE_BYTES = 65_536;
const LEASE_SECS = 3600;

export const echoBytes: RpcHandler = { handle: (_methodId, payload) => payload };

export const leasewireSync: EchoPlane = {
  serve: (directory) => serveEcho(directory, echoBytes),
  connect: async (directory) => {
    const { client, close } = await open(directory);
    return { kind: 'sync', call: (payload) => client.callSync(METHOD_ECHO, payload), close };
  },
};

export const leasewireAwait: EchoPlane<AwaitClient> = {
  serve: (directory) => serveEcho(directory, echoBytes),
  connect: (directory) => connectEcho(directory, 1),
};

const echoService = defineService({ name: SERVICE, methods: { echo: unary<Uint8Array, Uint8Array>() } });

/** The same bytes through a typed service: encoded and decoded at both ends, and nothing of them checked. */
export const leasewireTyped: EchoPlane<AwaitClient> = {
  serve: (directory) => serveEcho(directory, implement(echoService, { echo: (payload) => payload })),
  connect: async (directory) => {
    const { client, close } = await open(directory);
    const { echo } = await connect(echoService, client);
    return { kind: 'await', call: (payload) => echo(payload), close };
  },
};

/** An attachment of its own, with so many slots. */
export async function connectEcho(directory: string, slots: number): Promise<AwaitClient> {
  const { client, close } = await open(directory, slots);
  return { kind: 'await', call: (payload) => client.call(METHOD_ECHO, payload), close };
}

export async function serveEcho(
  directory: string,
  handler: RpcHandler,
  minBytes: number = LEASE_BYTES,
  options: RpcServerOptions = {},
): Promise<Close> {
  keepInside(directory);
  const lease = await new MemBuilder().minBytes(minBytes).leaseSecs(LEASE_SECS).acquire();
  const server = new RpcServer(lease, options);
  const dns = await FabricDns.open({ directory });
  await dns.register(SERVICE, server);
  const stop = new AbortController();
  const served = server.serve(handler, { signal: stop.signal });
  return async () => {
    stop.abort();
    await served;
    await lease.release();
    await dns.close();
  };
}

async function open(directory: string, slots = 1): Promise<{ readonly client: RpcClient; readonly close: Close }> {
  keepInside(directory);
  const dns = await FabricDns.open({ directory });
  const lease = await dns.connect(SERVICE, { slots });
  const client = new RpcClient(lease);
  const close = async () => {
    await lease.release();
    await dns.close();
  };
  return { client, close };
}

/** The process's agent has its sockets there too. It is made when first needed. */
export function keepInside(directory: string): void {
  process.env['LEASEWIRE_RUNTIME_DIR'] = directory;
}
