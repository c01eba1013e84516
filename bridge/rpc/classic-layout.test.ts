import { expect, test } from 'vitest';
import { outcome, servedScene } from '../world.test.support.ts';
import * as layout from './classic-layout.ts';
import { RpcClient } from './client.ts';
import { regionsOf, statuses } from './region.test.support.ts';

test('the layout’s numbers are grafOS’s, for good', () => {
  expect(layout).toMatchObject({
    status: statuses,
    requestOffset: 0,
    responseOffset: 32768,
    headerBytes: 17,
    idLowAt: 0,
    idHighAt: 4,
    methodAt: 8,
    statusAt: 12,
    lengthAt: 13,
    payloadAt: 17,
    payloadBytesMax: 32751,
    arenaBytesMin: 65536,
  });
});

test('a request stands at offset 0, byte for byte', async () => {
  const { held, lease } = await servedScene();
  const client = new RpcClient(held, { wait: 'event' });
  void outcome(client.call(0xa1b2c3d4, Uint8Array.of(0x11, 0x22, 0x33)));
  const { arena } = lease.window;
  // id 1 of session 0 | method | REQUEST_READY | 3 bytes | payload
  const expected = [1, 0, 0, 0, 0, 0, 0, 0, 0xd4, 0xc3, 0xb2, 0xa1, 1, 3, 0, 0, 0, 0x11, 0x22, 0x33];
  expect([...arena.subarray(0, 20)]).toEqual(expected);
  expect(arena.subarray(20).every((byte) => byte === 0)).toBe(true);
});

test('a response stands at offset 32768, byte for byte', async () => {
  const { lease, held, server } = await servedScene();
  const { request } = regionsOf(held.window);
  request.write({ id: 0x0000_0001_0203_0405n, methodId: 7, payload: Uint8Array.of(9), status: statuses.requestReady });
  expect(server.pollOnce({ handle: (methodId, payload) => Uint8Array.of(methodId, ...payload, 0xff) })).toBe(true);
  const { arena } = lease.window;
  const expected = [5, 4, 3, 2, 1, 0, 0, 0, 7, 0, 0, 0, 3, 3, 0, 0, 0, 7, 9, 0xff];
  expect([...arena.subarray(32768, 32788)]).toEqual(expected);
  expect(arena[12]).toBe(statuses.processing);
  expect(arena.subarray(32788).every((byte) => byte === 0)).toBe(true);
});

test('an error response is of status 4, with kind, code and message', async () => {
  const { lease, held, server } = await servedScene();
  regionsOf(held.window).request.write({ id: 1n, methodId: 7, bytes: 0, status: statuses.requestReady });
  server.pollOnce({
    handle: () => {
      throw new Error('no');
    },
  });
  const { status, payload } = regionsOf(lease.window).response.read();
  expect([status, ...payload]).toEqual([4, 1, 0, 0, 0, 0, 0, 0, 0, 0x6e, 0x6f]);
});

test('a response that was taken leaves EMPTY behind, and nothing else changed', async () => {
  const { world, held, server, lease } = await servedScene();
  const client = new RpcClient(held, { wait: 'event' });
  const call = client.call(1, Uint8Array.of(1));
  server.pollOnce({ handle: (_methodId, payload) => payload });
  const before = lease.window.arena.slice();
  await world.clock.run(call);
  before[32768 + 12] = statuses.empty;
  expect(Buffer.compare(lease.window.arena, before)).toBe(0);
});

test('ids are the session’s: its 20 bits, then 44 that count from 1', async () => {
  const { world, lease, held, server } = await servedScene();
  const ids: bigint[] = [];
  const { request } = regionsOf(lease.window);
  let current = held;
  for (let session = 0; session < 3; session++) {
    const client = new RpcClient(current, { wait: 'event' });
    for (let i = 0; i < 2; i++) {
      const call = client.call(1, new Uint8Array(0));
      ids.push(request.id);
      server.pollOnce({ handle: (_methodId, payload) => payload });
      await world.clock.run(call);
    }
    await world.clock.run(current.release());
    current = await world.clock.run(world.process().agent.attach(lease.id, { slots: 1 }));
  }
  expect(ids).toEqual([1n, 2n, (1n << 44n) + 1n, (1n << 44n) + 2n, (2n << 44n) + 1n, (2n << 44n) + 2n]);
});
