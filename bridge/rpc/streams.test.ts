// Streams over slots, in the simulator: on one machine, and between two.
import { describe, expect, test } from 'vitest';
import { World } from '#sim';
import type { HeldLease } from '../lease/held-lease.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import { serving } from '../world.test.support.ts';
import { RpcClient } from './client.ts';
import type { RpcHandler } from './rpc-handler.ts';
import type { RpcStream } from './rpc-stream.ts';
import { RpcServer, type RpcServerOptions } from './server.ts';

interface StreamScene {
  readonly world: World;
  readonly lease: HomeLease;
  readonly server: RpcServer;
  attach(slots: number): Promise<{ readonly held: HeldLease; readonly client: RpcClient; kill(): void }>;
}

async function streamScene(far: boolean, options: RpcServerOptions = {}): Promise<StreamScene> {
  const world = new World(1, { readMs: 0.0001 });
  const home = world.process({ far });
  const lease = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
  const server = new RpcServer(lease, { wait: 'event', slots: 16, slotPayloadBytes: 256, ...options });
  const address = far ? await world.clock.run(home.agent.listenNetwork({ host: 'node-1', port: 0 })) : undefined;
  const attach = async (slots: number) => {
    const process = world.process({ far });
    const held = await world.clock.run(process.agent.attach(lease.id, { slots }, address));
    return { held, client: new RpcClient(held, { wait: 'event' }), kill: () => process.kill() };
  };
  return { world, lease, server, attach };
}

const bytesOf = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);

async function all(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for await (const message of stream) taken.push(message);
  return taken;
}

async function sendAll(stream: RpcStream, messages: Iterable<Uint8Array>): Promise<void> {
  for (const message of messages) await stream.send(message);
  await stream.end();
}

const handle: RpcHandler['handle'] = (_methodId, payload) => payload;

const echo: RpcHandler = {
  handle,
  async stream(_methodId, _payload, stream) {
    for await (const message of stream) await stream.send(message);
  },
};

describe.each([
  ['on one machine', false],
  ['between machines', true],
])('a stream %s', (_where, far) => {
  test('carries messages of every length both ways, in order', async () => {
    const { world, server, attach } = await streamScene(far);
    serving(server, echo);
    const { client } = await attach(2);
    const stream = client.stream(1, bytesOf(5));
    const messages = Array.from({ length: 300 }, (_, index) => bytesOf(index * 3, index));
    const sending = sendAll(stream, messages);
    expect(await world.clock.run(all(stream))).toEqual(messages);
    await world.clock.run(sending);
  });
});
