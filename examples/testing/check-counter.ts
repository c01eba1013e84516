// check-counter.ts: tests of the counter, each on a fabric of its own: node --conditions leasewire-testing …
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Disconnected, LeaseExpired, MemoryFabric } from 'leasewire/testing';
import { CounterClient, startCounter } from './counter.ts';

await test('every call counts', async () => {
  await using fabric = new MemoryFabric();
  await fabric.process().run(startCounter);
  await fabric.process().run(async () => {
    const counter = new CounterClient();
    assert.equal(await counter.next(), 1);
    assert.equal(await counter.next(), 2);
  });
});

await test('a client is told that the service was killed', async () => {
  await using fabric = new MemoryFabric();
  const server = fabric.process();
  await server.run(startCounter);
  await fabric.process().run(async () => {
    const counter = new CounterClient();
    await counter.next();
    server.kill();
    await assert.rejects(counter.next(), Disconnected);
  });
});

await test('nobody renews the lease: after a minute it has expired', async () => {
  await using fabric = new MemoryFabric();
  await fabric.process().run(startCounter);
  await fabric.process().run(async () => {
    const counter = new CounterClient();
    await counter.next();
    await fabric.advance(60_000);
    await assert.rejects(counter.next(), LeaseExpired);
  });
});
