// What holds two nodes together, taken away a part at a time while calls are under way: the control connection alone, the
// data path alone, the RDMA link of either node.
import { describe, expect, test } from 'vitest';
import type { RigNode } from '../rig/rig-node.ts';
import { addLink, deleteLink, dropping, endConnections } from './node-network.ts';
import { describeTwoNodes } from './two-nodes.ts';

/** More calls than the time allows. */
const endless = 1_000_000;
const hearMs = 60_000;

describeTwoNodes('cuts between two nodes', (nodes) => {
  const { a, b, served, onHolder, calling } = nodes;

  async function works(): Promise<void> {
    const { driver, lease } = await served();
    const client = await calling(lease, 20);
    client.tell('go');
    expect(await client.hear('called')).toMatchObject({ right: 20 });
    await client.kill();
    await driver.kill();
  }

  describe('the control connection is reset', () => {
    test.each(['a', 'b'])('at node %s: calls end with Disconnected', async (name) => {
      const { lease } = await served();
      const client = await calling(lease, endless);
      client.tell('go');
      await lease.called(20);
      const fromMs = performance.now();
      const [at, peer] = name === 'a' ? [a(), b()] : [b(), a()];
      expect(await endConnections(at, peer)).toBe(1);
      const called = await client.hear('called');
      console.log(`reset at ${name}: ${JSON.stringify(called)} after ${(performance.now() - fromMs).toFixed(0)} ms`);
      expect(called).toMatchObject({ error: { name: 'Disconnected' } });
    });
  });

  test('the control connection falls silent', { timeout: 200_000 }, async () => {
    const { lease } = await served();
    const client = await calling(lease, endless);
    const holder = onHolder('holder', [(await (await served()).lease).url]);
    await holder.hear('attached');
    client.tell('go');
    await lease.called(20);
    await dropping([a(), b()], 'tcp', async () => {
      const fromMs = performance.now();
      holder.tell('renew');
      const used = await holder.hear('used', hearMs);
      console.log(`renew: ${JSON.stringify(used)} after ${(performance.now() - fromMs).toFixed(0)} ms`);
      const called = await client.hear('called', hearMs);
      console.log(`silent: ${JSON.stringify(called)} after ${(performance.now() - fromMs).toFixed(0)} ms`);
      try {
        const ended = await holder.hear('ended', hearMs);
        console.log(`holder: ${JSON.stringify(ended)} after ${(performance.now() - fromMs).toFixed(0)} ms`);
      } catch (error) {
        console.log(`holder: ${String(error).slice(0, 200)}`);
      }
    });
  });

  test('the data path falls silent', async () => {
    const { lease } = await served();
    const client = await calling(lease, endless);
    client.tell('go');
    await lease.called(20);
    await dropping([a(), b()], 'roce', async () => {
      const fromMs = performance.now();
      const called = await client.hear('called', hearMs);
      console.log(`silent: ${JSON.stringify(called)} after ${(performance.now() - fromMs).toFixed(0)} ms`);
      expect(called).toMatchObject({ error: { name: 'Disconnected' } });
    });
  });

  describe('the RDMA link is deleted', () => {
    const roles: Readonly<Record<string, () => RigNode>> = { "holder's": b, "home's": a };
    test.each(Object.entries(roles))('of the %s node', async (_role, node) => {
      const { driver, lease } = await served();
      const client = await calling(lease, 500);
      client.tell('go');
      await lease.called(20);
      const deleting = deleteLink(node());
      let gone = false;
      void deleting.exited.then(() => {
        gone = true;
      });
      const called = await client.hear('called', hearMs);
      console.log(`link deleted: ${JSON.stringify(called)}; ${gone ? 'gone' : 'waits'}`);
      await client.kill();
      await driver.kill();
      expect(await deleting.exited).toMatchObject({ code: 0 });
      await addLink(node());
      await works();
    });
  });
});
