// What holds two nodes together, taken away a part at a time while calls are under way: the control connection alone, the
// data path alone, the RDMA link of either node.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { HomeLease } from '../../sdk/conformance/index.ts';
import { settled } from '../local/settled.ts';
import { addLink, deleteLink, dropping, endConnections } from './node-network.ts';
import type { RigProgram } from './rig-program.ts';
import { describeTwoNodes } from './two-nodes.ts';

/** More calls than there is time for. */
const endless = 1_000_000;
/** What an operation takes at most to fail once the way to the home is gone; it has 30 s if nobody notices. */
const failureMsMax = 10_000;
const silentMs = 2000;
const callsThroughIt = 200;
const operationsThroughIt = 500;
/** No call may take longer than its deadline, which is 30 s. */
const hearMs = 40_000;
/** The kernel asks a silent peer after 10 s, and gives it up 10 s later: what it takes is between these and the loss. */
const silenceMsMax = 30_000;

describeTwoNodes('cuts between two nodes', (nodes) => {
  const { a, b, home, served, onHolder, calling, cards } = nodes;

  /** A client of the lease that calls without end, and has begun. */
  async function callingOn(lease: HomeLease): Promise<RigProgram> {
    const client = await calling(lease, endless);
    const before = await lease.calls();
    client.tell('go');
    await lease.called(before + 20);
    return client;
  }

  async function attached(lease: HomeLease): Promise<void> {
    const newcomer = onHolder('attaching', [lease.url]);
    expect(await newcomer.hear('outcome')).toMatchObject({ ok: true });
    expect(await newcomer.hear('read')).toMatchObject({ right: true });
    await newcomer.kill();
  }

  test('a control connection that is reset, at either node, ends calls with Disconnected', async () => {
    const { lease } = await served();
    for (const [at, peer] of [
      [a(), b()],
      [b(), a()],
    ] as const) {
      const client = await callingOn(lease);
      const fromMs = performance.now();
      expect(await endConnections(at, peer)).toBe(1);
      const called = await client.hear('called', failureMsMax);
      console.log(`reset at ${at.name}: told ${(performance.now() - fromMs).toFixed(0)} ms later`);
      expect(called).toMatchObject({ error: { name: 'Disconnected', mayHaveExecuted: true } });
      await client.kill();
    }
  });

  test('a control connection that falls silent breaks calls off with Disconnected, and comes back', async () => {
    const { lease } = await served();
    const asking = onHolder('holder', [(await served()).lease.url]);
    await asking.hear('attached');
    const client = await callingOn(lease);
    const [{ qp }] = await cards();
    await dropping([a(), b()], 'tcp', async () => {
      const fromMs = performance.now();
      const silentMs = () => (performance.now() - fromMs).toFixed(0);
      // While something is under way the kernel does not probe the peer.
      asking.tell('renew');
      expect(await asking.hear('used')).toMatchObject({ outcomes: { renew: { name: 'DeadlineExceeded' } } });
      const called = await client.hear('called', silenceMsMax);
      console.log(`silent: ${called['right']} calls, told ${silentMs()} ms later`);
      expect(called).toMatchObject({ error: { name: 'Disconnected', mayHaveExecuted: true } });
      // The home has noticed too, also of the holder that had asked something.
      await settled(async () => expect((await cards())[0].qp).toBe(qp - 2));
    });
    asking.tell('read'); // It may be the first to meet the loss, and is repeated then.
    expect(await asking.hear('used', silenceMsMax)).toMatchObject({ outcomes: { read: { name: 'nothing' } } });
    const before = await lease.calls();
    client.tell('go');
    await lease.called(before + 20);
  });

  test('a data path that falls silent for a while costs calls and operations nothing, or ends them', async () => {
    const { driver, lease } = await served();
    const wide = await driver.acquire({ minBytes: 2 ** 21 });
    const client = await calling(lease, callsThroughIt);
    const flood = onHolder('flood', [wide.url, `${operationsThroughIt}`]);
    await flood.hear('flooding');
    client.tell('go');
    await dropping([a(), b()], 'roce', () => setTimeout(silentMs));
    const [called, flooded] = await Promise.all([client.hear('called', hearMs), flood.hear('flooded', hearMs)]);
    console.log(`silent for ${silentMs} ms: ${JSON.stringify(called)}, ${JSON.stringify(flooded)}`);
    const ended = { error: { name: 'Disconnected' } };
    expect(called).toMatchObject(called['error'] === undefined ? { right: callsThroughIt } : ended);
    const right = { reads: operationsThroughIt, additions: operationsThroughIt, pieces: true };
    expect(flooded).toMatchObject(flooded['error'] === undefined ? right : ended);
    await attached(lease);
  });

  test('an RDMA link that is deleted goes once nobody uses it, and until then harms nobody', async () => {
    const { driver, lease } = await served();
    const first = await callingOn(lease);
    const ofHolder = deleteLink(b());
    const before = await lease.calls();
    await lease.called(before + 200);
    const late = onHolder('attaching', [lease.url]);
    expect(await late.hear('outcome')).toMatchObject({ ok: false, name: 'Unsupported' });
    await Promise.all([late.kill(), first.kill()]);
    expect(await ofHolder.exited).toMatchObject({ code: 0 });
    await addLink(b());
    const second = await callingOn(lease);
    const ofHome = deleteLink(a());
    await lease.called((await lease.calls()) + 200);
    await attached(lease); // The home has the card open.
    await driver.kill();
    expect(await second.hear('called')).toMatchObject({ error: { name: 'Disconnected' } });
    expect(await ofHome.exited).toMatchObject({ code: 0 });
    await addLink(a());
    await attached(await (await home()).acquire());
  });
});
