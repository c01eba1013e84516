// counter.ts: a service and its client, as one writes them. They know nothing of tests.
import { FabricDns, MemBuilder, RpcClient, RpcServer } from 'leasewire';

/** Serves a counter that every call counts up. */
export async function startCounter(): Promise<void> {
  const lease = await new MemBuilder().leaseSecs(60).acquire();
  const server = new RpcServer(lease);
  const dns = await FabricDns.open();
  await dns.register('counter', server);
  let count = 0;
  server.serve({ handle: () => Uint8Array.of(++count) }).catch(() => undefined);
}

/** Counts up by calling the service. */
export class CounterClient {
  #client: RpcClient | undefined;

  async next(): Promise<number> {
    this.#client ??= await this.#connect();
    const [count = 0] = await this.#client.call(1, new Uint8Array(0));
    return count;
  }

  async #connect(): Promise<RpcClient> {
    const dns = await FabricDns.open();
    return new RpcClient(await dns.connect('counter'));
  }
}
