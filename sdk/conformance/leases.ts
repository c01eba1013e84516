// Leases: to acquire, attach, keep, and end them, at home and at a holder.
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { Disconnected, Revoked, RpcClient, RpcServer, Unsupported } from '../index.ts';
import { expectFailure } from './expect-failure.ts';
import { type Cases, ended, type Stage, until } from './stage.ts';

/** Time enough to attach within it, and no longer than one likes to wait for its end. */

async function holderSeesTheFacts(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ minBytes: 100_000, leaseSecs: 120 });
  const { id, url, generation, size } = there.facts;
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(url).toMatch(/^leasewire:\/\//);
  expect(generation).toBeGreaterThan(0);
  expect(size).toBeGreaterThanOrEqual(100_000);
  expect({ id: here.id, generation: here.generation, size: here.size }).toEqual({ id, generation, size });
  expect(here.mem().arenaSize()).toBe(size);
  expect({ plane: here.plane, status: here.status }).toEqual({ plane: stage.plane, status: 'active' });
  expect(here.remainingMs).toBeGreaterThan(0);
  expect(here.remainingMs).toBeLessThanOrEqual(120_000);
  expect(Math.abs(here.expiresAt.getTime() - Date.now() - here.remainingMs)).toBeLessThan(1000);
}

async function leasesDiffer({ home }: Stage): Promise<void> {
  const leases = await Promise.all(Array.from({ length: 20 }, () => home.acquire()));
  expect(new Set(leases.map(({ id }) => id)).size).toBe(20);
}

async function oneByteIsALease({ home }: Stage): Promise<void> {
  const lease = await home.acquire({ minBytes: 1 });
  expect(lease.facts.size).toBeGreaterThanOrEqual(1);
  await lease.write(0, Uint8Array.of(7));
  expect(await lease.read(0, 1)).toEqual(Uint8Array.of(7));
}

async function boundsOfALease({ home }: Stage): Promise<void> {
  await expectFailure(home.acquire({ minBytes: 0 }), RangeError);
  await expectFailure(home.acquire({ minBytes: 1.5 }), RangeError);
  await expectFailure(home.acquire({ minBytes: 2 ** 32 }), RangeError);
  await expectFailure(home.acquire({ leaseSecs: 0.009 }), RangeError);
  await expectFailure(home.acquire({ leaseSecs: 2_592_001 }), RangeError);
}

async function freshLeaseIsZeroed(stage: Stage): Promise<void> {
  const bytes = 65536;
  for (let round = 0; round < 8; round++) {
    const { there, here } = await stage.hold({ minBytes: bytes });
    expect((await here.mem().read(0, bytes)).every((byte) => byte === 0)).toBe(true);
    await here.mem().write(0, new Uint8Array(bytes).fill(0xa5));
    await there.release();
  }
}

async function attachesByUrl(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  const here = await stage.attachTo(there.url);
  expect(here.id).toBe(there.id);
  expect(here.url).toBe(there.url);
}

async function attachesById(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  expect((await stage.attachTo(there.id)).url).toBe(there.url);
}

async function attachesToManyLeases(stage: Stage): Promise<void> {
  const leases = await Promise.all(Array.from({ length: 50 }, () => stage.home.acquire({ minBytes: 4096 })));
  const held = await Promise.all(leases.map((lease) => stage.attach(lease)));
  for (const [index, lease] of held.entries()) await lease.mem().fetchAdd(0, BigInt(index));
  for (const [index, lease] of leases.entries()) {
    expect(new DataView((await lease.read(0, 8)).buffer).getBigUint64(0, true)).toBe(BigInt(index));
  }
}

async function unknownLeaseIsRevoked(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  const last = there.url.endsWith('0') ? '1' : '0';
  await expectFailure(stage.attachTo(`${there.url.slice(0, -1)}${last}`), Revoked);
}

async function endedLeaseCannotBeAttached(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.release();
  await expectFailure(stage.attach(there), Revoked);
}

async function deadHomeIsDisconnected(stage: Stage): Promise<void> {
  const other = await stage.spawnHome();
  const there = await other.acquire();
  await other.kill();
  await expectFailure(stage.attach(there), Disconnected);
}

async function malformedReferences({ classes }: Stage): Promise<void> {
  const id = '0'.repeat(32);
  const wrong = [
    '',
    id.slice(1),
    `${id}0`,
    'x'.repeat(32),
    `leasewire:/${id}`,
    `http:///${id}`,
    `leasewire:///${id}/x`,
  ];
  for (const reference of wrong) await expectFailure(classes.MemBuilder.attach(reference), TypeError);
}

async function absentHostIsDisconnected({ classes }: Stage): Promise<void> {
  const url = `leasewire://no-such-host.invalid:4711/${'0'.repeat(32)}`;
  await expectFailure(classes.MemBuilder.attach(url), Disconnected);
}

async function homeRenewalIsSeenByHolder(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: 60 });
  await there.renew(600);
  await until('the holder has the longer time', () => here.remainingMs > 60_000);
  await there.renew(30);
  await until('the holder has the shorter time', () => here.remainingMs <= 30_000);
  expect(here.status).toBe('active');
}

async function holderRenewalMovesTheHome(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: 60 });
  await here.renew(600);
  expect(here.remainingMs).toBeGreaterThan(60_000);
  expect((await there.status()).remainingMs).toBeGreaterThan(60_000);
}

async function renewalRepeatsTheGrant(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: 60 });
  await there.renew(600);
  await here.renew();
  const { remainingMs } = await there.status();
  expect(remainingMs).toBeGreaterThan(30_000);
}

async function renewalHasBounds(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  for (const leaseSecs of [0, 0.009, 2_592_001, Number.NaN]) {
    await expectFailure(here.renew(leaseSecs), RangeError);
  }
  await expectFailure(there.renew(0.001), RangeError);
  expect(here.status).toBe('active');
}

async function renewalKeepsALeaseAlive(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: 1 });
  for (let round = 0; round < 4; round++) {
    await setTimeout(300);
    if (round % 2 === 0) await there.renew();
    else await here.renew();
  }
  expect(here.status).toBe('active');
  expect((await there.status()).status).toBe('active');
}

async function autoRenewalAtHome(stage: Stage): Promise<void> {
  const autoRenew = { fraction: 0.25, delayMsMin: 0 };
  const { there, here } = await stage.hold({ leaseSecs: 1.5, autoRenew });
  await setTimeout(2500);
  await here.mem().write(0, Uint8Array.of(1));
  expect((await there.status()).status).toBe('active');
  expect(await there.read(0, 1)).toEqual(Uint8Array.of(1));
}

async function autoRenewalAtHolder(stage: Stage): Promise<void> {
  const there = await stage.home.acquire({ leaseSecs: 3 });
  const here = await stage.attach(there, { autoRenew: true });
  await setTimeout(4000);
  expect(here.status).toBe('active');
  await here.release();
  expect((await there.status()).status).toBe('active');
}

async function holderNeverOutlivesHome(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: 20 });
  const compare = async () => {
    const atHome = (await there.status()).remainingMs;
    expect(here.remainingMs).toBeLessThanOrEqual(atHome);
  };
  for (let round = 0; round < 20; round++) await compare();
  await here.renew(40);
  for (let round = 0; round < 20; round++) await compare();
}

async function leaseExpires(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold({ leaseSecs: stage.shortSecs });
  const statuses = await Promise.all([there.ended(), ended(here)]);
  expect(statuses).toEqual(['expired', 'expired']);
  expect(here.remainingMs).toBe(0);
  expect((await there.status()).remainingMs).toBe(0);
}

async function homeReleaseEndsTheHolder(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const end = ended(here);
  await there.release();
  expect(await end).toBe('released');
}

async function holderReleaseEndsOnlyItself(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  await here.mem().write(0, Uint8Array.of(1, 2, 3));
  await here.release();
  expect(here.status).toBe('released');
  expect((await there.status()).status).toBe('active');
  const again = await stage.attach(there);
  expect(await again.mem().read(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
}

async function leavingTheScopeReleases(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  await here[Symbol.asyncDispose]();
  expect(here.status).toBe('released');
  expect((await there.status()).status).toBe('active');
}

async function releasingTwiceIsHarmless(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  await Promise.all([here.release(), here.release()]);
  await there.release();
  await there.release();
  expect(here.status).toBe('released');
  expect((await there.status()).status).toBe('released');
}

async function revocationEndsTheHolder(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const end = ended(here);
  expect(await there.revoke()).toBe('torn-down');
  expect(await end).toBe('revoked');
  expect((await there.status()).status).toBe('revoked');
}

async function onlyHomeRevokes(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  await expectFailure(here.revoke(), Unsupported);
  expect(here.status).toBe('active');
}

async function deathOfHomeEndsTheHolder(stage: Stage): Promise<void> {
  const { here } = await stage.hold();
  const end = ended(here);
  await stage.home.kill();
  expect(await end).toBe('disconnected');
}

async function endIsToldOnce(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const told: string[] = [];
  here.onEnd((status) => told.push(status));
  const forget = here.onEnd(() => told.push('forgotten'));
  forget();
  const end = ended(here);
  await there.revoke();
  await end;
  await here.release();
  expect(told).toEqual(['revoked']);
}

async function deathOfAHolderLeavesOthers(stage: Stage): Promise<void> {
  const { there, here } = await stage.hold();
  const other = await stage.spawnHome();
  const theirs = await other.attach(there);
  await theirs.write(0, Uint8Array.of(9));
  await other.kill();
  expect(await here.mem().read(0, 1)).toEqual(Uint8Array.of(9));
  expect((await there.status()).status).toBe('active');
}

async function severalProcessesHold(stage: Stage): Promise<void> {
  const other = await stage.spawnHome();
  const there = await stage.home.acquire({ minBytes: 4096 });
  const here = await stage.attach(there);
  const theirs = await other.attach(there);
  await there.write(0, Uint8Array.of(1));
  expect(await here.mem().read(0, 1)).toEqual(Uint8Array.of(1));
  expect(await theirs.read(0, 1)).toEqual(Uint8Array.of(1));
  await theirs.write(0, Uint8Array.of(2));
  expect(await here.mem().read(0, 1)).toEqual(Uint8Array.of(2));
}

async function thisProcessMayBeHomeAndHolder(stage: Stage): Promise<void> {
  const home = await stage.acquireHere();
  const server = new RpcServer(home);
  const stop = new AbortController();
  const serving = server.serve({ handle: (_methodId, payload) => payload }, { signal: stop.signal });
  const holder = await stage.attachTo(home.id);
  const client = new RpcClient(holder);
  expect(await client.call(1, Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  stop.abort();
  await serving;
}

export const leaseCases: Cases = {
  'a holder sees the id, generation, size, plane, status and time of the lease': holderSeesTheFacts,
  'no two leases have the same id': leasesDiffer,
  'a lease may have one byte': oneByteIsALease,
  'a size or time out of bounds is a RangeError': boundsOfALease,
  'a fresh lease is zeroed': freshLeaseIsZeroed,
  'a lease is attached by its URL': attachesByUrl,
  'a lease is attached by its id': attachesById,
  'a process holds many leases of one home': attachesToManyLeases,
  'several processes hold one lease': severalProcessesHold,
  'a process may hold its own lease': thisProcessMayBeHomeAndHolder,
  'attaching to a lease that is unknown fails with Revoked': unknownLeaseIsRevoked,
  'attaching to a lease that has ended fails with Revoked': endedLeaseCannotBeAttached,
  'attaching to a home that is dead fails with Disconnected': deadHomeIsDisconnected,
  'attaching to what is no reference is a TypeError': malformedReferences,
  'attaching to a URL of a host that is not there is Disconnected': absentHostIsDisconnected,
  'a renewal at home is seen by a holder': homeRenewalIsSeenByHolder,
  'a renewal by a holder moves the deadline at home': holderRenewalMovesTheHome,
  'a renewal repeats the time of the grant unless told another': renewalRepeatsTheGrant,
  'a renewal out of bounds is a RangeError and changes nothing': renewalHasBounds,
  'renewals keep a lease alive beyond its first time': renewalKeepsALeaseAlive,
  'auto-renewal at home keeps a lease alive': autoRenewalAtHome,
  'auto-renewal at a holder keeps a lease alive': autoRenewalAtHolder,
  "a holder's time is never longer than its home's": holderNeverOutlivesHome,
  'a lease expires at home and at a holder': leaseExpires,
  'a release at home ends the lease for its holder': homeReleaseEndsTheHolder,
  'a release at a holder ends nothing elsewhere': holderReleaseEndsOnlyItself,
  'leaving the scope of `await using` releases': leavingTheScopeReleases,
  'releasing twice is harmless': releasingTwiceIsHarmless,
  'a revocation ends the lease for its holder': revocationEndsTheHolder,
  'only the home can revoke': onlyHomeRevokes,
  'the death of the home ends the lease for its holder': deathOfHomeEndsTheHolder,
  'the death of a holder leaves the others alone': deathOfAHolderLeavesOthers,
  'the end of a lease is told once': endIsToldOnce,
};
