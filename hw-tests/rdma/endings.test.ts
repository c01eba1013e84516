// How a lease ends between two nodes: when a holder notices, and that nothing which a holder does, or its death in the midst
// of it, changes a byte at home afterwards.
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HomeLease } from '../../sdk/conformance/index.ts';
import { describeTwoNodes } from './two-nodes.ts';

/** What a holder's operation takes to fail at most; far less is usual, and printed. */
const noticeMsMax = 5000;
const remoteAccessError = 10;

describeTwoNodes('endings between two nodes', (nodes) => {
  const { home, served, onHome, onHolder, calling } = nodes;

  test('a holder fails with Revoked: in the midst of writes, when it was idle, and if it has heard nothing since', async () => {
    const driver = await home();
    const leases = [await driver.acquire(), await driver.acquire(), await driver.acquire()];
    const holder = onHolder(
      'noticing',
      leases.map(({ url }) => url),
    );
    for (const [index, way] of ['steadily', 'idle', 'busy'].entries()) {
      expect(await holder.hear(way)).toMatchObject({ plane: 'rdma' });
      expect(await leases[index]?.revoke()).toBe('torn-down');
      if (way === 'idle') holder.tell('go');
      const noticed = await holder.hear('noticed');
      const [tookMs, sinceMs] = [Number(noticed['tookMs']), Number(noticed['sinceSuccessMs'])];
      console.log(
        `${way}: failed ${tookMs.toFixed(1)} ms after it began, ${sinceMs.toFixed(1)} ms after the last success`,
      );
      expect(noticed).toMatchObject({ name: 'Revoked', status: 'revoked' });
      expect(tookMs).toBeLessThan(noticeMsMax);
    }
  });

  test('once a lease has expired no byte at home changes, however much a holder has under way', async () => {
    const lanes = 32;
    const watched = onHome('watched-home', [`${lanes * 2048}`, '3']);
    const { url } = await watched.hear('ready');
    const writer = onHolder('keep-writing', [`${url}`, `${lanes}`]);
    expect(await writer.hear('writing')).toMatchObject({ plane: 'rdma' });
    watched.tell('expire');
    const expired = await watched.hear('expired');
    expect(expired).toMatchObject({ changedAfter: 0 });
    expect(Number(expired['changedBefore'])).toBeGreaterThan(0);
    const stopped = await writer.hear('stopped');
    expect(stopped).toMatchObject({ status: 'expired', next: { name: 'LeaseExpired' } });
    const names = (stopped['failures'] as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(names.map(() => 'LeaseExpired'));
  });

  describe('a holder that posts with the old key, over its queue pair and over new ones, changes no byte', () => {
    const bytes = 65_536;
    test.each([
      ['revoked', [`${bytes}`]],
      ['expired', [`${bytes}`, '2']],
    ])('once the lease is %s', async (ending, args) => {
      const watched = onHome('watched-home', args);
      const { url } = await watched.hear('ready');
      const poster = onHolder('hostile-poster', [`${url}`]);
      await poster.hear('writing');
      watched.tell('end');
      const ended = await watched.hear(ending);
      poster.tell('stop');
      const stopped = await poster.hear('stopped');
      console.log(`${ending}: ${JSON.stringify({ ...ended, ...stopped })}`);
      expect(ended).toMatchObject({ changedAfter: 0 });
      expect(Number(ended['changedBefore'])).toBeGreaterThan(0);
      expect(stopped).toMatchObject({ acknowledgedLater: 0 });
      expect(Number(stopped['sessions'])).toBeGreaterThan(2);
      expect(stopped['failures']).toContain(remoteAccessError);
    });
  });

  describe('kill -9 in the midst of WRITEs', () => {
    const lanes = 32;
    const writeBytes = 65_536;
    const written = { minBytes: lanes * writeBytes };

    async function writing(lease: HomeLease) {
      const writer = onHolder('keep-writing', [lease.url, `${lanes}`, `${writeBytes}`]);
      expect(await writer.hear('writing')).toMatchObject({ plane: 'rdma' });
      return writer;
    }

    test('of the holder: whoever else calls that home goes on, and the next holder finds the lease', async () => {
      const { driver, lease } = await served();
      const big = await driver.acquire(written);
      const writer = await writing(big);
      const client = await calling(lease, 150);
      client.tell('go');
      await lease.called(20);
      await writer.kill();
      expect(await client.hear('called')).toMatchObject({ right: 150 });
      expect(await big.status()).toMatchObject({ status: 'active' });
      const next = onHolder('attaching', [big.url]);
      expect(await next.hear('outcome')).toMatchObject({ ok: true });
      expect(await next.hear('read')).toMatchObject({ right: true });
    });

    test('of the home: every WRITE fails with Disconnected', async () => {
      const driver = await home();
      const writer = await writing(await driver.acquire(written));
      await setTimeout(200);
      await driver.kill();
      const stopped = await writer.hear('stopped');
      console.log(`home killed: the last of ${lanes} lanes failed ${Number(stopped['lastMs']).toFixed(0)} ms later`);
      expect(stopped).toMatchObject({ status: 'disconnected', next: { name: 'Disconnected' } });
      for (const failure of stopped['failures'] as object[]) {
        expect(failure).toMatchObject({ name: 'Disconnected', mayHaveExecuted: true });
      }
    });
  });
});
