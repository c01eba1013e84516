// Hostile holders, with the memory mapped and the socket open: whatever they write and send, their home survives, serves
// its honest clients, and touches nothing outside the slot.
import { describe, expect, test } from 'vitest';
import { MemBuilder, RpcClient } from '#sdk';
import { type HomeLease, methods } from '../../sdk/conformance/index.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, type Home, Program, type Said, type StartOptions, startHome } from './program.ts';
import { residentBytes, resourcesOf } from './resources.ts';
import { settled } from './settled.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

const leaseBytes = 131072;
const regionsBytes = 65536;
/** Queues for deaf peers, and whatever else a home may have to keep for a while. */
const residentToleranceBytes: number = 64 * 2 ** 20;

interface Siege {
  readonly home: Home;
  /** Of the lease under attack. */
  readonly victim: HomeLease;
  readonly hostile: Program;
  readonly done: Said;
}

async function served(home: Home): Promise<HomeLease> {
  const lease = await home.driver.acquire({ minBytes: leaseBytes });
  const canary = Uint8Array.from({ length: leaseBytes - regionsBytes }, (_, index) => (index * 89 + 7) & 0xff);
  await lease.write(regionsBytes, canary);
  await lease.serve();
  return lease;
}

/** Calls until told to stop; every response must be the right one. Returns how many there were. */
function callHonestly(client: RpcClient): { stop(): Promise<number> } {
  let stopped = false;
  const calling = (async () => {
    let calls = 0;
    while (!stopped) {
      const request = Uint8Array.from({ length: (calls * 37) % 3000 }, (_, index) => (index + calls) & 0xff);
      const response = await client.call(methods.reverse, request);
      expect(Buffer.compare(response, request.reverse())).toBe(0);
      calls += 1;
      if (calls % 16 === 0) await new Promise(setImmediate);
    }
    return calls;
  })();
  calling.catch(() => undefined);
  return {
    stop: () => {
      stopped = true;
      return calling;
    },
  };
}

/** An attack on one lease of a home, while an honest client calls another. */
async function besiege(attack: string, durationMs: number, options?: StartOptions): Promise<Siege> {
  const home = await startHome(options);
  const victim = await served(home);
  const other = await served(home);
  await using lease = await MemBuilder.attach(other.url);
  const honest = callHonestly(new RpcClient(lease));
  const before = residentBytes(home.pid);
  const hostile = new Program('hw-tests/programs/hostile-holder', [victim.url, attack, String(durationMs)]);
  const done = await (attack === 'halfOpen' ? hostile.hear('holding') : hostile.hear('done'));
  const calls = await honest.stop();
  const grownMiB = (residentBytes(home.pid) - before) / 2 ** 20;
  console.log(
    `${attack}: ${JSON.stringify(done)}; ${calls} honest calls meanwhile, home grew ${grownMiB.toFixed(1)} MiB`,
  );
  expect(home.driver.alive).toBe(true);
  expect(calls).toBeGreaterThan(0);
  expect(grownMiB * 2 ** 20).toBeLessThan(residentToleranceBytes);
  return { home, victim, hostile, done };
}

/** Once the hostile holder is gone, a client finds the lease as if nobody had been there. */
async function expectRecovery({ home, victim, hostile, done }: Siege): Promise<void> {
  expect(done['canaryIntact']).not.toBe(false);
  hostile.hangUp();
  expect(await hostile.ended).toMatchObject({ status: 0 });
  await settled(async () => {
    await using lease = await MemBuilder.attach(victim.url);
    expect(await new RpcClient(lease).call(methods.echo, Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  });
  // The memory and the server's bell of two leases, and what every process of Node has.
  const idle = await startHome();
  for (let i = 0; i < 2; i++) await served(idle);
  await settled(() => expect(resourcesOf(home.pid)).toEqual(resourcesOf(idle.pid)));
}

describe('a hostile holder that writes', () => {
  test('every status byte, in both regions', async () => {
    await expectRecovery(await besiege('statuses', 0));
  });

  test('lengths up to 2^32 - 1', async () => {
    const siege = await besiege('lengths', 0);
    // Three of its requests were in order.
    expect(await siege.victim.calls()).toBe(3);
    await expectRecovery(siege);
  });

  test('foreign, repeated and falling request ids', async () => {
    const siege = await besiege('ids', 0);
    expect(await siege.victim.calls()).toBe(3);
    await expectRecovery(siege);
  });

  test('lengths and ids that change while they are read', async () => {
    const siege = await besiege('flip', 3000);
    expect(siege.done).toMatchObject({ exit: 0 });
    await expectRecovery(siege);
  });

  test('random bytes all over both regions and the control page', async () => {
    const siege = await besiege('scribble', 3000);
    expect(siege.done).toMatchObject({ canaryIntact: true });
    // It has written other states than `active`, so that its home had to give the lease up.
    expect(await siege.victim.status()).toMatchObject({
      status: expect.stringMatching(/active|revoked|expired|released|fenced/),
    });
  });
});

describe('a hostile holder that goes for the descriptors', () => {
  test('cannot shrink, grow or seal the memory', async () => {
    const siege = await besiege('truncate', 0);
    expect(siege.done).toMatchObject({
      shrink: 'EPERM',
      grow: 'EPERM',
      shrinkByPath: 'EPERM',
      shrinkReopened: 'EPERM',
      appendReopened: 'EPERM',
      sealWrite: -1,
      sealFutureWrite: -1,
    });
    await expectRecovery(siege);
  });

  test('floods the doorbells', async () => {
    await expectRecovery(await besiege('ringFlood', 2000));
  });

  test('fills the doorbells and makes them block', async () => {
    await expectRecovery(await besiege('blockingBells', 3000));
  });
});

describe('a hostile holder that sends', () => {
  test('frames that are none, or make no sense', async () => {
    const siege = await besiege('frames', 0);
    console.log(JSON.stringify(siege.done['answers'], undefined, 1));
    await expectRecovery(siege);
  });

  test('descriptors beside every message', async () => {
    await expectRecovery(await besiege('descriptorFlood', 1500));
  });

  test('nothing, over as many connections as it can open', async () => {
    const siege = await besiege('halfOpen', 1500);
    expect(siege.done['sockets']).toBeGreaterThan(512);
    siege.hostile.tell('leave');
    await expectRecovery(siege);
  });

  test('nothing, until the home has no descriptor left', async () => {
    const siege = await besiege('halfOpen', 1500, { shell: 'ulimit -n 128' });
    siege.hostile.tell('leave');
    await expectRecovery(siege);
  });

  test('questions whose answers it never reads', async () => {
    await expectRecovery(await besiege('deaf', 1500));
  });

  test('itself in and out, with a request left behind each time', async () => {
    await expectRecovery(await besiege('comeAndGo', 1500));
  });
});
