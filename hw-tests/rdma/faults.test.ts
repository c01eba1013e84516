// What goes wrong between two nodes: revocation under fire, processes that die, a link that drops, loses, repeats and
// reorders packets, a node that stands still.
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HomeDriver, HomeLease } from '../../sdk/conformance/index.ts';
import { settled } from '../local/settled.ts';
import { describeOnRig } from '../rig/on-rig.ts';
import type { Impairment, RigNode } from '../rig/rig-node.ts';
import { holderEnvironment, homeEnvironment } from './places.ts';
import { RigProgram, startRigHome } from './rig-program.ts';

const kinds = ['mr', 'qp', 'pd', 'cq'] as const;
type Kind = (typeof kinds)[number];

/** How many of each kind user processes have on a node. */
async function resourcesOf(node: RigNode): Promise<Record<Kind, number>> {
  const counts = await Promise.all(
    kinds.map(async (kind) => {
      const { code, stdout, stderr } = await node.run('rdma', ['resource', 'show', kind]);
      if (code !== 0) throw new Error(`rdma resource show ${kind}: ${stderr}`);
      // The kernel's own have its module's name in brackets.
      return [kind, stdout.split('\n').filter((line) => /\bpid \d+/.test(line)).length] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<Kind, number>;
}

describeOnRig('faults between two nodes', { nodes: 2 }, (rig) => {
  const a = () => rig().node('a');
  const b = () => rig().node('b');
  const programs: { kill(): Promise<unknown> }[] = [];

  async function home(): Promise<HomeDriver> {
    const started = await startRigHome(a(), homeEnvironment(a()));
    programs.push(started);
    return started;
  }

  async function served(): Promise<{ driver: HomeDriver; lease: HomeLease }> {
    const driver = await home();
    const lease = await driver.acquire();
    await lease.serve();
    return { driver, lease };
  }

  function onHolder(program: string, args: readonly string[]): RigProgram {
    const started = new RigProgram(b(), `hw-tests/programs/${program}`, args, holderEnvironment(a()));
    programs.push(started);
    return started;
  }

  async function calling(lease: HomeLease, calls: number): Promise<RigProgram> {
    const client = onHolder('calling', [lease.url, `${calls}`]);
    expect(await client.hear('attached')).toMatchObject({ plane: 'rdma' });
    return client;
  }

  /** Both ways. */
  async function impaired(impairment: Impairment, work: () => Promise<void>): Promise<void> {
    await Promise.all([a().impair(impairment), b().impair(impairment)]);
    try {
      await work();
    } finally {
      await Promise.all([a().clearImpairment(), b().clearImpairment()]);
    }
  }

  let before: Record<Kind, number>[] = [];
  beforeEach(async () => {
    before = await Promise.all([resourcesOf(a()), resourcesOf(b())]);
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.kill()));
    await settled(async () => expect(await Promise.all([resourcesOf(a()), resourcesOf(b())])).toEqual(before));
  });

  test('once revoke() has returned no byte at home changes, however much a holder has under way', async () => {
    const lanes = 32;
    const watched = new RigProgram(a(), 'hw-tests/programs/watched-home', [`${lanes * 2048}`], homeEnvironment(a()));
    programs.push(watched);
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

  describe('500 calls are right, every byte', () => {
    const impairments: Readonly<Record<string, Impairment>> = {
      'while 5 % of all packets are lost': { lossPercent: 5 },
      'while 20 % of all packets come twice': { duplicatePercent: 20 },
      'while packets overtake each other': { delayMs: 1, reorderPercent: 25 },
    };
    test.each(Object.entries(impairments))('%s', async (name, impairment) => {
      const { lease } = await served();
      const client = await calling(lease, 500);
      await impaired(impairment, async () => {
        client.tell('go');
        const called = await client.hear('called', 90_000);
        console.log(`${name}: the slowest call took ${Number(called['slowestMs']).toFixed(0)} ms`);
        expect(called).toMatchObject({ right: 500 });
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
    const lease = await driver.acquire({ leaseSecs: 6 });
    await lease.serve();
    const holder = onHolder('holder', [lease.url]);
    await holder.hear('attached');
    b().freeze();
    await lease.ended();
    await setTimeout(500);
    b().thaw();
    holder.tell('write');
    expect(await holder.hear('used')).toMatchObject({ outcomes: { write: { name: 'LeaseExpired' } } });
    expect((await lease.status()).status).toBe('expired');
  });

  test('200 leases that were attached to and revoked leave nothing at either card', { timeout: 200_000 }, async () => {
    const driver = await home();
    const holder = await startRigHome(b(), holderEnvironment(a()));
    programs.push(holder);
    const comeAndGo = async (leases: number) => {
      for (let i = 0; i < leases; i++) {
        const lease = await driver.acquire({ minBytes: 4096 });
        await holder.attach(lease, { slot: false });
        expect(await lease.revoke()).toBe('torn-down');
      }
    };
    const both = () => Promise.all([resourcesOf(a()), resourcesOf(b())]);
    await comeAndGo(5);
    const few = await both();
    await comeAndGo(200);
    await settled(async () => expect(await both()).toEqual(few));
    expect(few[0]?.qp).toBeGreaterThan(0);
    await Promise.all([driver.kill(), holder.kill()]);
    await settled(async () => expect(await both()).toEqual(before));
  });
});
