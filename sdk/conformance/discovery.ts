// FabricDns: services come, are found, and go, politely or not.
import { expect } from 'vitest';
import {
  Contention,
  Disconnected,
  type FabricDns,
  type MemLease,
  RpcClient,
  RpcServer,
  type ServiceEvent,
} from '../index.ts';
import { expectFailure } from './expect-failure.ts';
import type { HomeLease } from './home-driver.ts';
import { methods } from './home-methods.ts';
import { type Cases, type Stage, until } from './stage.ts';

let services = 0;

/** A name that nobody else uses. */
function freshService(): string {
  services += 1;
  return `conformance-${process.pid}-${services}`;
}

/** A lease that home serves and publishes. */
async function publish(stage: Stage, service: string, home = stage.home): Promise<HomeLease> {
  const there = await home.acquire();
  await there.serve();
  await there.register(service);
  return there;
}

async function callThrough(stage: Stage, dns: FabricDns, service: string): Promise<MemLease> {
  const lease = stage.adopt(await dns.connect(service));
  const response = await new RpcClient(lease).call(methods.echo, Uint8Array.of(1, 2));
  expect(response).toEqual(Uint8Array.of(1, 2));
  return lease;
}

async function servicesAreFound(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const there = await publish(stage, service);
  const [found, ...others] = await dns.resolve(service);
  expect(others).toEqual([]);
  const { lease, generation, freeSlots, layout, planes, remainingMs } = found ?? {};
  expect({ lease, generation, freeSlots, layout }).toEqual({
    lease: there.id,
    generation: there.facts.generation,
    freeSlots: 1,
    layout: 'classic',
  });
  expect(planes).toContain(stage.plane);
  expect(remainingMs).toBeGreaterThan(0);
  const here = await callThrough(stage, dns, service);
  expect(here.plane).toBe(stage.plane);
}

async function nobodyIsFound(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  expect(await dns.resolve(service)).toEqual([]);
  await expectFailure(dns.connect(service), Disconnected);
}

async function namesAreChecked(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  for (const name of ['', '.hidden', '../up', 'a/b', 'a b', 'a'.repeat(129), 'ä', '-a', 'a\0']) {
    await expectFailure(dns.resolve(name), RangeError);
    await expectFailure(dns.connect(name), RangeError);
  }
  const longest = 'a'.repeat(128);
  expect(await dns.resolve(longest)).toEqual([]);
}

async function leastLoadedComesFirst(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const other = await stage.spawnHome();
  await publish(stage, service);
  await publish(stage, service, other);
  const first = await callThrough(stage, dns, service);
  const resolved = await dns.resolve(service);
  expect(resolved.map(({ freeSlots }) => freeSlots)).toEqual([1, 0]);
  expect(resolved[1]?.lease).toBe(first.id);
  const second = await callThrough(stage, dns, service);
  expect(second.id).not.toBe(first.id);
  await expectFailure(dns.connect(service), Contention);
}

async function connectsWithoutASlot(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  await publish(stage, service);
  const other = await stage.spawnHome();
  await publish(stage, service, other);
  const lease = stage.adopt(await dns.connect(service, { slots: 0 }));
  await lease.mem().fetchAdd(0, 1n);
  expect((await dns.resolve(service)).map(({ freeSlots }) => freeSlots)).toEqual([1, 1]);
}

async function withdrawnServicesAreGone(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const there = await publish(stage, service);
  const here = await callThrough(stage, dns, service);
  await stage.home.ask('deregister', { service });
  expect(await dns.resolve(service)).toEqual([]);
  await expectFailure(dns.connect(service), Disconnected);
  // Whoever has connected stays connected.
  expect(here.status).toBe('active');
  expect((await there.status()).status).toBe('active');
}

async function endedLeasesAreGone(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const there = await publish(stage, service);
  await there.release();
  expect(await dns.resolve(service)).toEqual([]);
}

async function deadHomesAreGone(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const other = await stage.spawnHome();
  await publish(stage, service, other);
  const survivor = await publish(stage, service);
  await other.kill();
  expect((await dns.resolve(service)).map(({ lease }) => lease)).toEqual([survivor.id]);
  expect((await callThrough(stage, dns, service)).id).toBe(survivor.id);
}

async function ownServicesAreFound(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const lease = await stage.acquireHere();
  const server = new RpcServer(lease);
  const record = await dns.register(service, server);
  expect(record).toMatchObject({ service, lease: lease.id, generation: lease.generation });
  expect(await dns.resolve(service)).toMatchObject([{ lease: lease.id, freeSlots: 1 }]);
  await dns.close();
  expect(await dns.resolve(service)).toEqual([]);
}

async function oneOfManyIsWithdrawn(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const servers = [new RpcServer(await stage.acquireHere()), new RpcServer(await stage.acquireHere())];
  for (const server of servers) await dns.register(service, server);
  expect(await dns.resolve(service)).toHaveLength(2);
  await dns.deregister(service, servers[0]);
  expect(await dns.resolve(service)).toMatchObject([{ lease: servers[1]?.memLease.id }]);
}

/** Collects what a watch tells, until it is stopped. */
class Watching {
  readonly told: ServiceEvent[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(dns: FabricDns, service: string) {
    this.#done = this.#collect(dns.watch(service, { signal: this.#stop.signal }));
  }

  /** Waits until so much has been told, and returns it in short. */
  async until(count: number): Promise<string[]> {
    await until(`${count} events were told`, () => this.told.length >= count);
    return this.told.map(({ type, instance }) => `${type} ${instance.lease}`);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #collect(events: AsyncGenerator<ServiceEvent>): Promise<void> {
    for await (const event of events) this.told.push(event);
  }
}

async function watchTellsOfComingAndGoing(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const early = await publish(stage, service);
  const watching = new Watching(dns, service);
  expect(await watching.until(1)).toEqual([`up ${early.id}`]);
  const later = await publish(stage, service);
  expect((await watching.until(2)).at(1)).toBe(`up ${later.id}`);
  await early.release();
  expect((await watching.until(3)).at(2)).toBe(`down ${early.id}`);
  await stage.home.ask('deregister', { service });
  expect((await watching.until(4)).at(3)).toBe(`down ${later.id}`);
  await watching.stop();
}

async function watchTellsOfDeath(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  const other = await stage.spawnHome();
  const theirs = await publish(stage, service, other);
  const watching = new Watching(dns, service);
  expect(await watching.until(1)).toEqual([`up ${theirs.id}`]);
  await other.kill();
  expect(await watching.until(2)).toEqual([`up ${theirs.id}`, `down ${theirs.id}`]);
  await watching.stop();
}

async function watchEnds(stage: Stage): Promise<void> {
  const dns = await stage.openDns();
  const service = freshService();
  await publish(stage, service);
  for await (const { type } of dns.watch(service)) {
    expect(type).toBe('up');
    break;
  }
  const idle = new Watching(dns, freshService());
  await idle.stop();
  expect(idle.told).toEqual([]);
}

export const discoveryCases: Cases = {
  'a registered service is resolved and connected to': servicesAreFound,
  'a service that nobody offers resolves to nothing, and connecting is Disconnected': nobodyIsFound,
  'a name that is none is a RangeError': namesAreChecked,
  'of several instances the least loaded comes first; if all are full, Contention': leastLoadedComesFirst,
  'a service is connected to without taking a slot': connectsWithoutASlot,
  'a deregistered service is not found, and stays with those who have it': withdrawnServicesAreGone,
  'a service whose lease has ended is not found': endedLeasesAreGone,
  'a service whose home was killed is not found': deadHomesAreGone,
  'a process finds its own services, until it closes': ownServicesAreFound,
  'one of several instances is withdrawn': oneOfManyIsWithdrawn,
  'a watch tells of instances that come and go': watchTellsOfComingAndGoing,
  'a watch tells of an instance whose home was killed': watchTellsOfDeath,
  'a watch ends when its signal aborts or its loop is left': watchEnds,
};
