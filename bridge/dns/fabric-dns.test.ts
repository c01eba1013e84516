import { beforeEach, describe, expect, test } from 'vitest';
import { type Process, World } from '#sim';
import { CapacityExceeded, Contention, Disconnected, LeaseExpired } from '../errors.ts';
import { RpcClient } from '../rpc/client.ts';
import { RpcServer } from '../rpc/server.ts';
import { outcome, serving } from '../world.test.support.ts';
import { FabricDns } from './fabric-dns.ts';
import type { ServiceEvent } from './service-watch.ts';

let world: World;

/** A process with its view of the names. */
interface Node {
  readonly process: Process;
  readonly dns: FabricDns;
}

function node(): Node {
  const process = world.process();
  return { process, dns: new FabricDns(process.agent, process.registry) };
}

/** A server on a lease of its own. */
function server({ process }: Node, leaseMs = 60_000): RpcServer {
  const lease = process.agent.acquire({ minBytes: 65536, leaseMs, hugePages: false });
  const opened = new RpcServer(lease, { wait: 'event' });
  serving(opened, (_methodId, payload) => payload);
  return opened;
}

/** A node that serves under a name. */
async function serverNode(service: string, leaseMs?: number): Promise<Node & { server: RpcServer }> {
  const here = node();
  const opened = server(here, leaseMs);
  await here.dns.register(service, opened);
  return { ...here, server: opened };
}

const run = <T>(promise: Promise<T>) => world.clock.run(promise);

beforeEach(() => {
  world = new World(1, { readMs: 0 });
});

describe('a service', () => {
  test('is found by its name, with what it offers now', async () => {
    const { server: there, process } = await serverNode('echo');
    const [found, ...others] = await run(node().dns.resolve('echo'));
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      service: 'echo',
      instance: there.lease.id,
      lease: there.lease.id,
      agent: process.agent.id,
      address: process.agent.address,
      generation: 1,
      planes: ['sim'],
      layout: 'classic',
      freeSlots: 1,
    });
    expect(found?.remainingMs).toBeLessThanOrEqual(60_000);
  });

  test('is called once it was connected', async () => {
    await serverNode('echo');
    const lease = await run(node().dns.connect('echo', { slots: 1 }));
    const client = new RpcClient(lease, { wait: 'event' });
    expect(await run(client.call(1, Uint8Array.of(5)))).toEqual(Uint8Array.of(5));
  });

  test('may be in the very process that asks', async () => {
    const here = await serverNode('echo');
    expect(await run(here.dns.resolve('echo'))).toHaveLength(1);
    const lease = await run(here.dns.connect('echo', { slots: 1 }));
    expect(lease.status).toBe('active');
  });

  test('that nobody offers is not there', async () => {
    const { dns } = node();
    expect(await run(dns.resolve('echo'))).toEqual([]);
    await expect(run(dns.connect('echo', { slots: 1 }))).rejects.toBeInstanceOf(Disconnected);
  });

  test.each(['', '../x', 'a/b', '.hidden', 'x'.repeat(129)])('may not be called %j', async (name) => {
    const here = node();
    await expect(here.dns.register(name, server(here))).rejects.toThrow(RangeError);
    expect(() => here.dns.watch(name)).toThrow(RangeError);
  });

  test('of a lease that has ended is not registered', async () => {
    const here = node();
    const ended = server(here, 1000);
    await world.clock.advance(1000);
    await expect(here.dns.register('echo', ended)).rejects.toBeInstanceOf(LeaseExpired);
    expect(here.process.registry.list('echo')).toEqual([]);
  });
});

describe('of several instances', () => {
  test('the one with the most free slots comes first, and taken ones last', async () => {
    const [one, two] = [await serverNode('echo'), await serverNode('echo')];
    const first = await run(node().dns.connect('echo', { slots: 1 }));
    const order = await run(node().dns.resolve('echo'));
    expect(order.map(({ freeSlots }) => freeSlots)).toEqual([1, 0]);
    expect(order[1]?.lease).toBe(first.id);
    const second = await run(node().dns.connect('echo', { slots: 1 }));
    expect([first.id, second.id].sort()).toEqual([one.server.lease.id, two.server.lease.id].sort());
  });

  test('one that has fewer free slots than are wanted is passed over', async () => {
    const { process, dns } = node();
    const lease = process.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
    await dns.register('echo', new RpcServer(lease, { wait: 'event', slots: 4 }));
    const classic = await serverNode('echo');
    expect((await run(node().dns.connect('echo', { slots: 2 }))).id).toBe(lease.id);
    expect((await run(node().dns.connect('echo', { slots: 3 }))).id).toBe(classic.server.lease.id);
    await expect(run(node().dns.connect('echo', { slots: 3 }))).rejects.toBeInstanceOf(CapacityExceeded);
    expect((await run(node().dns.connect('echo', { slots: 2 }))).id).toBe(lease.id);
  });

  test('none with a slot is Contention, though memory is still to be had', async () => {
    await serverNode('echo');
    await run(node().dns.connect('echo', { slots: 1 }));
    await expect(run(node().dns.connect('echo', { slots: 1 }))).rejects.toBeInstanceOf(Contention);
    expect((await run(node().dns.connect('echo', { slots: 0 }))).status).toBe('active');
  });

  test('those that died are passed over, and swept', async () => {
    const [dead, alive] = [await serverNode('echo'), await serverNode('echo')];
    dead.process.kill();
    const here = node();
    expect((await run(here.dns.resolve('echo'))).map(({ lease }) => lease)).toEqual([alive.server.lease.id]);
    expect(here.process.registry.list('echo')).toHaveLength(1);
  });

  test('one that does not answer is passed over, but kept', async () => {
    const [stopped, alive] = [await serverNode('echo'), await serverNode('echo')];
    stopped.process.freeze();
    const here = node();
    expect((await run(here.dns.resolve('echo'))).map(({ lease }) => lease)).toEqual([alive.server.lease.id]);
    stopped.process.thaw();
    await world.clock.advance(1000);
    expect(await run(here.dns.resolve('echo'))).toHaveLength(2);
  });

  test('each connects to another, however many try at once', async () => {
    const nodes = await Promise.all(Array.from({ length: 4 }, () => serverNode('echo')));
    const attempts = Array.from({ length: 4 }, () => outcome(node().dns.connect('echo', { slots: 1 })));
    const results = await run(Promise.all(attempts));
    const taken = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []));
    // All of them were told of the same best one; whoever comes too late there takes the next.
    expect(new Set(taken).size).toBe(4);
    expect(nodes.map(({ server: { lease } }) => lease.freeSlotCount)).toEqual([0, 0, 0, 0]);
  });
});

describe('a record', () => {
  test('goes when it is deregistered: by name, or only one server’s', async () => {
    const here = node();
    const servers = [server(here), server(here), server(here)] as const;
    for (const each of servers) await here.dns.register('echo', each);
    await here.dns.register('other', servers[2]);
    await here.dns.deregister('echo', servers[0]);
    expect(here.process.registry.list('echo')).toHaveLength(2);
    await here.dns.deregister('echo');
    await here.dns.deregister('echo');
    expect(here.process.registry.list('echo')).toEqual([]);
    expect(here.process.registry.list('other')).toHaveLength(1);
    await here.dns.close();
    expect(here.process.registry.list('other')).toEqual([]);
    expect(servers.map(({ lease }) => lease.status)).toEqual(['active', 'active', 'active']);
  });

  test('goes with its lease', async () => {
    const here = await serverNode('echo', 1000);
    await world.clock.advance(999);
    expect(here.process.registry.list('echo')).toHaveLength(1);
    await world.clock.advance(1);
    expect(here.process.registry.list('echo')).toEqual([]);
  });

  test('of somebody else is not ours to deregister', async () => {
    await serverNode('echo');
    const here = node();
    await here.dns.deregister('echo');
    await here.dns.close();
    expect(here.process.registry.list('echo')).toHaveLength(1);
  });
});

describe('watching', () => {
  /** Notes what a watch tells, as `up` or `down` and whose lease. */
  function watching(dns: FabricDns, signal?: AbortSignal): { seen: string[]; over: Promise<void> } {
    const seen: string[] = [];
    const note = ({ type, instance }: ServiceEvent) => seen.push(`${type} ${instance.lease}`);
    const watch = async () => {
      for await (const event of dns.watch('echo', signal)) note(event);
    };
    return { seen, over: watch() };
  }

  test('tells of those that are there, then of those that come and go', async () => {
    const first = await serverNode('echo');
    const { seen } = watching(node().dns);
    await world.clock.advance(100);
    const expected = [`up ${first.server.lease.id}`];
    expect(seen).toEqual(expected);
    const second = await serverNode('echo');
    await serverNode('other');
    await world.clock.advance(100);
    expected.push(`up ${second.server.lease.id}`);
    expect(seen).toEqual(expected);
    await first.dns.deregister('echo');
    await world.clock.advance(100);
    expected.push(`down ${first.server.lease.id}`);
    expect(seen).toEqual(expected);
    await second.server.lease.release();
    await world.clock.advance(100);
    expect(seen).toEqual([...expected, `down ${second.server.lease.id}`]);
  });

  test('tells of a death, which no record does', async () => {
    const there = await serverNode('echo');
    const { seen } = watching(node().dns);
    await world.clock.advance(100);
    there.process.kill();
    await world.clock.advance(100);
    expect(seen).toEqual([`up ${there.server.lease.id}`, `down ${there.server.lease.id}`]);
  });

  test('tells of one that did not answer as it was looked for, once it does', async () => {
    const there = await serverNode('echo', 3_600_000);
    const { seen } = watching(node().dns);
    await world.clock.advance(100);
    there.process.freeze();
    await serverNode('echo', 3_600_000); // Whose coming makes the watcher look.
    await world.clock.advance(30_000);
    expect(seen).toContain(`down ${there.server.lease.id}`);
    there.process.thaw();
    await world.clock.advance(10_000);
    expect(seen.at(-1)).toBe(`up ${there.server.lease.id}`);
  });

  test('ends when its signal aborts, and leaves nothing behind', async () => {
    const there = await serverNode('echo', 3_600_000);
    const stop = new AbortController();
    const here = node();
    const { seen, over } = watching(here.dns, stop.signal);
    await world.clock.advance(100);
    expect(here.process.transport.open).toBe(1);
    stop.abort();
    await run(over);
    expect(here.process.transport.open).toBe(0);
    const { length } = seen;
    there.process.kill();
    await world.clock.advance(100);
    expect(seen).toHaveLength(length);
  });

  test('with a signal that has aborted tells nothing', async () => {
    await serverNode('echo');
    const { seen, over } = watching(node().dns, AbortSignal.abort());
    await run(over);
    expect(seen).toEqual([]);
  });

  test('ends when its reader leaves', async () => {
    const there = await serverNode('echo');
    const leave = async () => {
      for await (const { instance } of node().dns.watch('echo')) return instance.lease;
      return undefined;
    };
    expect(await run(leave())).toBe(there.server.lease.id);
  });

  test('goes on whenever an instance dies, also between being found and being watched', async () => {
    for (let killAtMs = 0; killAtMs <= 12; killAtMs++) {
      world = new World(killAtMs, { readMs: 0 });
      world.network.delayMs = () => 1;
      const [dying, living] = [await serverNode('echo'), await serverNode('echo')];
      const { seen } = watching(node().dns);
      await world.clock.advance(killAtMs);
      dying.process.kill();
      await world.clock.advance(1000);
      expect(seen).toContain(`up ${living.server.lease.id}`);
      const ofDying = seen.filter((event) => event.endsWith(dying.server.lease.id));
      expect([[], ['up', 'down']]).toContainEqual(ofDying.map((event) => event.split(' ')[0]));
    }
  });
});
