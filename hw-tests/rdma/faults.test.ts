// What goes wrong between two nodes: revocation under fire, processes that die, a link that drops, loses, repeats and
// reorders packets, a node that stands still.
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { soaked } from '../long.ts';
import type { Impairment } from '../rig/rig-node.ts';
import { describeTwoNodes } from './two-nodes.ts';

const calls = soaked(150, 500);

describeTwoNodes('faults between two nodes', (nodes) => {
  const { a, b, home, served, onHome, onHolder, calling, impaired } = nodes;

  test('once revoke() has returned no byte at home changes, however much a holder has under way', async () => {
    const lanes = 32;
    const watched = onHome('watched-home', [`${lanes * 2048}`]);
    const { url } = await watched.hear('ready');
    const writer = onHolder('keep-writing', [`${url}`, `${lanes}`]);
    expect(await writer.hear('writing')).toMatchObject({ plane: 'rdma' });
    watched.tell('revoke');
    const revoked = await watched.hear('revoked');
    console.log(`revoke() took ${Number(revoked['tookMs']).toFixed(1)} ms with ${lanes} writes under way`);
    expect(revoked).toMatchObject({ outcome: 'torn-down', changedAfter: 0 });
    expect(Number(revoked['changedBefore'])).toBeGreaterThan(0);
    const stopped = await writer.hear('stopped');
    expect(stopped).toMatchObject({ status: 'revoked', next: { name: 'Revoked' } });
    for (const { name } of stopped['failures'] as { name: string }[]) expect(name).toMatch(/^(Revoked|Disconnected)$/);
  });

  describe('kill -9 in the middle of a call', () => {
    test.each(['call', 'callSync'])('of the server: the client’s %s fails with Disconnected', async (mode) => {
      const { driver, lease } = await served();
      const client = onHolder('client', [lease.url, mode, 'adaptive']);
      await client.hear('attached');
      await lease.called(2);
      await driver.kill();
      const outcome = await client.hear('outcome');
      expect(outcome).toMatchObject({ ok: false, name: 'Disconnected', mayHaveExecuted: true });
      expect(await client.hear('ended')).toMatchObject({ status: 'disconnected' });
    });

    test('of the client: the slot is free for the next', async () => {
      const { lease } = await served();
      const client = onHolder('client', [lease.url, 'call', 'adaptive']);
      await client.hear('attached');
      await lease.called(2);
      await client.kill();
      const next = await calling(lease, 10);
      next.tell('go');
      expect(await next.hear('called')).toMatchObject({ right: 10 });
    });
  });

  describe(`${calls} calls are right, every byte`, () => {
    const impairments: Readonly<Record<string, Impairment>> = {
      'while 5 % of all packets are lost': { lossPercent: 5 },
      'while 20 % of all packets come twice': { duplicatePercent: 20 },
      'while packets overtake each other': { delayMs: 1, reorderPercent: 25 },
    };
    test.each(Object.entries(impairments))('%s', async (name, impairment) => {
      const { lease } = await served();
      const client = await calling(lease, calls);
      await impaired(impairment, async () => {
        client.tell('go');
        const called = await client.hear('called', 90_000);
        console.log(`${name}: the slowest call took ${Number(called['slowestMs']).toFixed(0)} ms`);
        expect(called).toMatchObject({ right: calls });
      });
    });
  });

  test('a link that is gone for 2 s ends a call with Disconnected at worst, and nothing for who comes after', async () => {
    const { lease } = await served();
    const client = await calling(lease, 2000);
    client.tell('go');
    await lease.called(20);
    await a().linkDown();
    await setTimeout(2000);
    await a().linkUp();
    const called = await client.hear('called', 90_000);
    console.log(`a link gone for 2 s: ${JSON.stringify(called)}`);
    if (called['error'] === undefined) expect(called).toMatchObject({ right: 2000 });
    else expect(called).toMatchObject({ error: { name: 'Disconnected' } });
    await client.kill();
    const next = await calling(lease, 10);
    next.tell('go');
    expect(await next.hear('called')).toMatchObject({ right: 10 });
  });

  test('a holder that stood still past the end of its lease finds it expired', async () => {
    const driver = await home();
    const lease = await driver.acquire({ leaseSecs: 60 });
    await lease.serve();
    const holder = onHolder('holder', [lease.url]);
    await holder.hear('attached');
    await lease.renew(6); // Attaching may have taken that long.
    await setTimeout(1000); // The holder asks how much is left.
    b().freeze();
    await lease.ended();
    await setTimeout(500);
    b().thaw();
    holder.tell('write');
    expect(await holder.hear('used')).toMatchObject({ outcomes: { write: { name: 'LeaseExpired' } } });
    expect((await lease.status()).status).toBe('expired');
  });
});
