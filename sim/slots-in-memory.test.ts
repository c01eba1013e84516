import { expect, test } from 'vitest';
import { MemoryFabric, RpcClient, RpcServer } from './testing.ts';

test('many clients have many calls in flight, in memory', async () => {
  await using fabric = new MemoryFabric();
  const server = fabric.process();
  const lease = await new server.MemBuilder().minBytes(1 << 20).acquire();
  const rpcServer = new RpcServer(lease, { slots: 16, slotPayloadBytes: 4096 });
  const later = { handle: (_m: number, p: Uint8Array) => new Promise<Uint8Array>((r) => setImmediate(() => r(p))) };
  rpcServer.serve(later).catch(() => undefined);
  const clients = await Promise.all(
    [1, 2, 3].map(async () => {
      const held = await fabric.process().MemBuilder.attach(lease.id, { slots: 4 });
      return new RpcClient(held);
    }),
  );
  const calls = clients.flatMap((client, c) =>
    Array.from({ length: 100 }, async (_, i) =>
      expect(await client.call(1, Uint8Array.of(c, i))).toEqual(Uint8Array.of(c, i)),
    ),
  );
  await Promise.all(calls);
});
