import { expect, test } from 'vitest';
import { outcome, servedScene, serving } from '../world.test.support.ts';
import { RpcClient } from './client.ts';

const first = (response: Uint8Array) => response[0] as number;

test('callAs resolves to what is made of the response, whether it is there at once or later', async () => {
  const { world, server, held } = await servedScene();
  const client = new RpcClient(held, { wait: 'event' });
  serving(server, (_methodId, payload) => payload);
  const calls = [1, 2, 3].map((each) => client.callAs(1, Uint8Array.of(each), first));
  expect(await world.clock.run(Promise.all(calls))).toEqual([1, 2, 3]);
});

test('callAs rejects with what its reader throws, and as call() does', async () => {
  const { world, server, held } = await servedScene();
  const client = new RpcClient(held, { wait: 'event' });
  serving(server, (methodId, payload) => {
    if (methodId === 2) throw new Error('refused');
    return payload;
  });
  const broken = () => {
    throw new Error('unreadable');
  };
  expect(await outcome(world.clock.run(client.callAs(1, Uint8Array.of(1), broken)))).toMatchObject({
    reason: { message: 'unreadable' },
  });
  expect(await outcome(world.clock.run(client.callAs(2, Uint8Array.of(1), first)))).toMatchObject({
    reason: { kind: 'handler', message: 'refused' },
  });
  expect(await outcome(client.callAs(-1, Uint8Array.of(1), first))).toMatchObject({ reason: expect.any(RangeError) });
});
