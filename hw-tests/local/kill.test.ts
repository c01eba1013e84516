// kill -9, of either side, at any moment: the other side learns of it at once, and nothing stays behind.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FabricDns, RpcClient } from '#sdk';
import { type HomeLease, methods } from '../../sdk/conformance/index.ts';
import { attachWhenFree } from '../programs/attach-when-free.ts';
import { monotonicMs } from '../programs/voice.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, type Home, Program, startHome } from './program.ts';
import { resourcesOf } from './resources.ts';
import { settled } from './settled.ts';

const runtimeDirectory = privateRuntimeDirectory();
endProgramsAfterEach();

/** Beyond any scheduling delay of a busy machine; what was measured is printed. */
const noticeMsMax = 5000;

async function served(home: Home): Promise<HomeLease> {
  const lease = await home.driver.acquire();
  await lease.serve();
  return lease;
}

describe('kill -9 of the server in the middle of a call', () => {
  const ways = ['call', 'callSync'].flatMap((mode) =>
    ['adaptive', 'busy', 'event'].map((wait) => [mode, wait] as const),
  );
  test.each(ways)('%s, waiting %s, fails with Disconnected, and may have executed', async (mode, wait) => {
    const home = await startHome();
    const lease = await served(home);
    const client = new Program('hw-tests/programs/client', [lease.url, mode, wait]);
    await client.hear('attached');
    await lease.called(2);
    const killedAtMs = monotonicMs();
    home.signal('SIGKILL');
    const outcome = await client.hear('outcome');
    const noticedMs = Number(outcome['atMs']) - killedAtMs;
    console.log(`${mode}, ${wait}: the client failed ${noticedMs.toFixed(1)} ms after the kill`);
    expect(outcome).toMatchObject({ ok: false, name: 'Disconnected', mayHaveExecuted: true });
    expect(await client.hear('ended')).toMatchObject({ status: 'disconnected' });
    expect(noticedMs).toBeLessThan(noticeMsMax);
  });
});

describe('kill -9 of the client in the middle of a call', () => {
  test.each(['call', 'callSync'])('%s: the slot is free for the next', async (mode) => {
    const home = await startHome();
    const lease = await served(home);
    await lease.register('kill');
    const client = new Program('hw-tests/programs/client', [lease.url, mode, 'adaptive']);
    await client.hear('attached');
    await lease.called(2);
    await using dns = await FabricDns.open();
    expect(await dns.resolve('kill')).toMatchObject([{ freeSlots: 0 }]);
    const killedAtMs = monotonicMs();
    client.signal('SIGKILL');
    await using next = await attachWhenFree(lease.url);
    const freeMs = monotonicMs() - killedAtMs;
    console.log(`${mode}: the slot had its next client ${freeMs.toFixed(1)} ms after the kill`);
    expect(freeMs).toBeLessThan(noticeMsMax);
    expect(await new RpcClient(next).call(methods.echo, Uint8Array.of(7))).toEqual(Uint8Array.of(7));
    await next.release();
    expect(await dns.resolve('kill')).toMatchObject([{ freeSlots: 1 }]);
  });
});

describe('kill -9 at random moments', () => {
  const rounds = 50;
  /** As many victims as there are cores to run them. */
  const together = 2;
  /** Several times what one round of the churn takes. */
  const lifeMsMax = 20;

  async function everyRound(kill: (round: number) => Promise<void>): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (next < rounds) await kill(next++);
    };
    await Promise.all(Array.from({ length: together }, lane));
  }

  async function churning(leases: readonly HomeLease[]): Promise<Program> {
    const program = new Program('hw-tests/programs/churn');
    program.tell(JSON.stringify(leases.map(({ url }) => url)));
    await program.hear('churning');
    return program;
  }

  test(`of ${rounds} holders: the home works on, with what it had`, async () => {
    const home = await startHome();
    const leases = await Promise.all(Array.from({ length: 4 }, () => served(home)));
    const before = resourcesOf(home.pid);
    await everyRound(async () => {
      const victim = await churning(leases);
      await setTimeout(Math.random() * lifeMsMax);
      await victim.kill();
    });
    for (const lease of leases) {
      await using holder = await attachWhenFree(lease.url);
      expect(await new RpcClient(holder).call(methods.echo, Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    }
    await settled(() => expect(resourcesOf(home.pid)).toEqual(before));
    await expectOnlyTheLiving([home]);
  });

  test(`of ${rounds} homes: the holder works on, with what it had`, async () => {
    const survivor = await startHome();
    const lasting = await served(survivor);
    const holder = await churning([lasting]);
    const eventfds = await ownEventfds(holder);
    await everyRound(async (round) => {
      const victim = await startHome();
      const leases = await Promise.all(Array.from({ length: 3 }, () => served(victim)));
      for (const lease of leases) await lease.register(`service-${round % 3}`);
      holder.tell(JSON.stringify([...leases, lasting].map(({ url }) => url)));
      await setTimeout(Math.random() * lifeMsMax);
      victim.signal('SIGKILL');
      await victim.driver.gone;
    });
    holder.tell('stop');
    const stopped = await holder.hear('stopped');
    console.log(`the holder: ${JSON.stringify(stopped)}`);
    expect(stopped['error']).toBeUndefined();
    expect(Number(stopped['refused'])).toBeGreaterThan(0);
    const nothing = { memfds: 0, mappings: 0, eventfds };
    await settled(() => expect(resourcesOf(holder.pid)).toMatchObject(nothing));
    expect((await lasting.status()).status).toBe('active');
    await expectOnlyTheLiving([survivor], holder);
  });
});

/** Of a holder in the middle of its churning: the least that it is seen to have, as a client's doorbells come and go. */
async function ownEventfds(holder: Program): Promise<number> {
  const seen: number[] = [];
  for (let look = 0; look < 50; look++) {
    seen.push(resourcesOf(holder.pid).eventfds);
    await setTimeout(Math.random() * 5);
  }
  return Math.min(...seen);
}

/** After a sweep, the run-time directory names nobody but the living. */
async function expectOnlyTheLiving(homes: readonly Home[], ...others: readonly Program[]): Promise<void> {
  // Whoever begins to listen sweeps the sockets of the dead; whoever resolves a service sweeps its records.
  const sweeper = await startHome();
  await sweeper.driver.acquire({ minBytes: 1 });
  await using dns = await FabricDns.open();
  const services = readdirSync(join(runtimeDirectory, 'services'));
  for (const service of services) await dns.resolve(service);
  const records = services.flatMap((service) => readdirSync(join(runtimeDirectory, 'services', service)));
  expect(records.length).toBeLessThanOrEqual(homes.length);
  const sockets = readdirSync(join(runtimeDirectory, 'agents'));
  expect(sockets.filter((name) => !name.endsWith('.sock'))).toEqual([]);
  expect(sockets).toHaveLength(homes.length + others.length + 1);
}
