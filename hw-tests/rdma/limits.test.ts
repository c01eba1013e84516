// Bounds between two nodes: more operations than queues hold, more sessions than the completion queue has room for, and
// leases that come and go by the thousand. And what a service costs that nobody asks anything.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rdmaReadsMax, rdmaSendsMax } from '../../bridge/limits.ts';
import { parseTicks, ticksPerSec } from '../bench/idle-cpu.ts';
import { settled } from '../local/settled.ts';
import { soaked } from '../long.ts';
import type { RigNode } from '../rig/rig-node.ts';
import { describeTwoNodes } from './two-nodes.ts';

const atOnce = soaked(500, 2000);
const leaseCount = soaked(250, 1000);
const batchLeases = 25;
/** Of the home, for what grows once and of the garbage that is not collected yet. */
const residentMarginKib: number = 32 * 1024;
const sharedMarginKib = 1024;
const idleMs = 3000;
const idlePercentMax = 1;
const idleLooksMax = 4;

interface Footprint {
  readonly descriptors: number;
  /** Resident, of the process. */
  readonly residentKib: number;
  /** Shared memory of the whole node: memfds are of that kind. */
  readonly sharedKib: number;
}

async function read(node: RigNode, script: string): Promise<string> {
  const { code, stdout, stderr } = await node.run('sh', ['-euc', script]);
  if (code !== 0) throw new Error(`${script} on ${node.name}: ${stderr}`);
  return stdout;
}

async function footprintOf(node: RigNode, pid: number): Promise<Footprint> {
  const text = await read(
    node,
    `ls /proc/${pid}/fd | wc -l; grep VmRSS /proc/${pid}/status; grep Shmem: /proc/meminfo`,
  );
  const [descriptors = 0, residentKib = 0, sharedKib = 0] = [...text.matchAll(/\d+/g)].map(Number);
  return { descriptors, residentKib, sharedKib };
}

async function ticksOf(node: RigNode, pid: number): Promise<number> {
  return parseTicks(await read(node, `cat /proc/${pid}/stat`));
}

/** What a process uses of one core of its node while nothing is asked of it. */
/** In the calmest of some seconds: what the engine puts off after a start it does once, and slowly where it is emulated. */
async function idlePercent(node: RigNode, pid: number): Promise<number> {
  const percents: number[] = [];
  for (let look = 0; look < idleLooksMax && Math.min(...percents) >= idlePercentMax; look++) {
    const before = await ticksOf(node, pid);
    const fromMs = performance.now();
    await setTimeout(idleMs);
    const ticks = (await ticksOf(node, pid)) - before;
    percents.push((100 * ticks * 1000) / (ticksPerSec() * (performance.now() - fromMs)));
  }
  return Math.min(...percents);
}

describeTwoNodes('limits between two nodes', (nodes) => {
  const { a, b, home, homeProcess, served, holder: farHolder, onHolder, calling, cards, before } = nodes;

  test(`${atOnce} operations of each kind at once are all right`, async () => {
    expect(atOnce).toBeGreaterThan(rdmaSendsMax + rdmaReadsMax);
    const driver = await home();
    const lease = await driver.acquire({ minBytes: 2 ** 21 });
    const flood = onHolder('flood', [lease.url, `${atOnce}`]);
    expect(await flood.hear('flooding')).toMatchObject({ plane: 'rdma' });
    const flooded = await flood.hear('flooded');
    console.log(`5 x ${atOnce} operations in ${Number(flooded['tookMs']).toFixed(0)} ms`);
    expect(flooded).toMatchObject({
      reads: atOnce,
      additions: atOnce,
      mixedReads: atOnce,
      mixedAdditions: atOnce,
      pieces: true,
    });
  });

  test('sessions beyond what the completion queue has room for are refused, and hinder nobody', async () => {
    const { lease } = await served();
    const client = await calling(lease, 150);
    const flood = onHolder('session-flood', [lease.url, '1000']);
    for (let round = 0; round < 2; round++) {
      client.tell('go');
      const full = await flood.hear('full');
      console.log(`session flood: ${JSON.stringify(full)}`);
      expect(await client.hear('called')).toMatchObject({ right: 150 });
      expect(full).toMatchObject({ refused: { code: 'CapacityExceeded' } });
      flood.tell('close');
      await flood.hear('closed');
      await settled(async () => expect((await cards())[0].qp).toBeLessThan(5));
      flood.tell('again');
    }
    await flood.kill();
  });

  test(`${leaseCount} leases that were attached to and revoked leave nothing`, { timeout: 300_000 }, async () => {
    const { driver, pid } = await homeProcess();
    const holder = await farHolder();
    /** Each batch has a session of its own, which ends with the last of its leases. */
    const comeAndGo = async (leases: number) => {
      for (let done = 0; done < leases; done += batchLeases) {
        const request = { minBytes: 4096 };
        const batch = await Promise.all(Array.from({ length: batchLeases }, () => driver.acquire(request)));
        await Promise.all(batch.map((lease) => holder.attach(lease, { slots: 0 })));
        expect(new Set(await Promise.all(batch.map((lease) => lease.revoke())))).toEqual(new Set(['torn-down']));
      }
    };
    await comeAndGo(50);
    // The session of the last batch ends with its leases; what is left is the home's own.
    await settled(async () => expect((await cards())[1].qp).toBe(0));
    const few = await cards();
    const was = await footprintOf(a(), pid);
    const fromMs = performance.now();
    await comeAndGo(leaseCount);
    const tookMs = performance.now() - fromMs;
    await settled(async () => expect(await cards()).toEqual(few));
    const is = await footprintOf(a(), pid);
    console.log(`${leaseCount} leases in ${tookMs.toFixed(0)} ms: ${JSON.stringify({ was, is })}`);
    expect(is.descriptors).toBe(was.descriptors);
    expect(is.sharedKib).toBeLessThan(was.sharedKib + sharedMarginKib);
    expect(is.residentKib).toBeLessThan(was.residentKib + residentMarginKib);
    expect(few[0].qp).toBeGreaterThan(0);
    await Promise.all([driver.kill(), holder.kill()]);
    await settled(async () => expect(await cards()).toEqual(before()));
  });

  test('a served lease and its client cost nothing while nobody calls', async () => {
    const { driver, pid } = await homeProcess();
    const lease = await driver.acquire();
    await lease.serve();
    const client = onHolder('holder', [lease.url]);
    await client.hear('attached');
    await setTimeout(500);
    const [server, holder] = await Promise.all([
      idlePercent(a(), pid),
      client.pid.then((each) => idlePercent(b(), each)),
    ]);
    console.log(`idle over ${idleMs} ms: server ${server.toFixed(2)} %, client ${holder.toFixed(2)} % of one core`);
    expect(server).toBeLessThan(idlePercentMax);
    expect(holder).toBeLessThan(idlePercentMax);
  });
});
