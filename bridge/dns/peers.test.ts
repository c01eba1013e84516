import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryRecords, type Process, World } from '#sim';
import type { Carrier } from '../control/carrier.ts';
import { decodeMessage, encodeMessage } from '../control/codec.ts';
import { helloOf } from '../control/message.test.support.ts';
import type { Message, ResponseBody } from '../control/messages.ts';
import { Contention, Disconnected, Unsupported } from '../errors.ts';
import { peerAnswerMs, peerPollMs } from '../limits.ts';
import { formatNetworkAddress, type NetworkAddress } from '../network-address.ts';
import { RpcServer } from '../rpc/server.ts';
import { serving } from '../world.test.support.ts';
import { FabricDns } from './fabric-dns.ts';
import type { ServiceRecord } from './service-record.ts';

let world: World;

beforeEach(() => {
  world = new World(1, { readMs: 0 });
});

const run = <T>(promise: Promise<T>) => world.clock.run(promise);

/** A machine of its own: what is registered there, others see only by asking. */
class Machine {
  readonly records = new MemoryRecords();

  /** A process that listens on the network, unless it shall not. */
  async process(listen: NetworkAddress | null = { host: 'far', port: 0 }): Promise<Process> {
    const process = world.process({ records: this.records });
    if (listen !== null) await run(process.agent.listenNetwork(listen));
    return process;
  }

  /** A process that serves under a name. */
  async serve(service: string, listen?: NetworkAddress | null): Promise<Served> {
    const process = await this.process(listen);
    const lease = process.agent.acquire({ minBytes: 65536, leaseMs: 600_000, hugePages: false });
    const server = new RpcServer(lease, { wait: 'event' });
    serving(server, (_methodId, payload) => payload);
    const dns = new FabricDns(process.agent, process.registry);
    await dns.register(service, server);
    return { process, dns, server, lease: lease.id };
  }
}

interface Served {
  readonly process: Process;
  readonly dns: FabricDns;
  readonly server: RpcServer;
  readonly lease: string;
}

const addressOf = ({ agent }: Process) => agent.networkAddress as NetworkAddress;

/** Somebody on a machine of its own, who asks the given peers. */
function asker(peers: readonly NetworkAddress[], records = new MemoryRecords()): { process: Process; dns: FabricDns } {
  const process = world.process({ records });
  return { process, dns: new FabricDns(process.agent, process.registry, peers) };
}

const leasesOf = async (dns: FabricDns) => (await run(dns.resolve('echo'))).map(({ lease }) => lease);

describe('a service of another machine', () => {
  test('is found through a peer there, with what it offers now and the way to it', async () => {
    const { process, lease } = await new Machine().serve('echo');
    const { dns, process: here } = asker([addressOf(process)]);
    const [found, ...others] = await run(dns.resolve('echo'));
    expect(others).toEqual([]);
    const network = formatNetworkAddress(addressOf(process));
    expect(found).toMatchObject({ service: 'echo', lease, agent: process.agent.id, network, address: network });
    expect(found).toMatchObject({ layout: 'classic', freeSlots: 1 });
    await world.clock.settle();
    expect(here.transport.open).toBe(0);
  });

  test('is told by any process there that listens, if it listens itself', async () => {
    const machine = new Machine();
    const [reachable] = [await machine.serve('echo'), await machine.serve('echo', null)];
    const dead = await machine.serve('echo');
    dead.process.kill();
    const peer = await machine.process();
    expect(peer.agent.services('echo').map(({ lease }) => lease)).toEqual([reachable.lease]);
    expect(await leasesOf(asker([addressOf(peer)]).dns)).toEqual([reachable.lease]);
  });

  test('is told once, however many peers know it, also one’s own machine', async () => {
    const machine = new Machine();
    const served = await machine.serve('echo');
    const peers = [addressOf(served.process), addressOf(await machine.process()), addressOf(served.process)];
    expect(await leasesOf(asker(peers).dns)).toEqual([served.lease]);
    const [own, ...others] = await run(asker(peers, machine.records).dns.resolve('echo'));
    expect([own?.address, others]).toEqual([served.process.agent.address, []]);
  });

  test('cannot be connected to yet, and is told so', async () => {
    const { process } = await new Machine().serve('echo');
    const connected = run(asker([addressOf(process)]).dns.connect('echo', { slots: 1 }));
    await expect(connected).rejects.toBeInstanceOf(Unsupported);
    await expect(connected).rejects.toThrow('no plane reaches that host');
  });
});

describe('of instances near and far', () => {
  test('those of this machine come first, however loaded they are', async () => {
    const [here, there] = [new Machine(), new Machine()];
    const far = [await there.serve('echo'), await there.serve('echo')];
    const near = await here.serve('echo', null);
    const { dns } = asker([addressOf((far[0] as Served).process)], here.records);
    const lease = await run(dns.connect('echo', { slots: 1 }));
    expect(lease.id).toBe(near.lease);
    const order = await run(dns.resolve('echo'));
    expect(order.map(({ freeSlots }) => freeSlots)).toEqual([0, 1, 1]);
    expect(order[0]?.lease).toBe(near.lease);
  });

  test('one here is connected to without asking anybody', async () => {
    const here = new Machine();
    await here.serve('echo', null);
    const frozen = await new Machine().process();
    frozen.freeze();
    const startedMs = world.clock.timeMs;
    await run(asker([addressOf(frozen)], here.records).dns.connect('echo', { slots: 1 }));
    expect(world.clock.timeMs - startedMs).toBeLessThan(100);
  });

  test('if the one here is taken and none can be reached there, that is Contention', async () => {
    const here = new Machine();
    await here.serve('echo', null);
    const there = await new Machine().serve('echo');
    const { dns } = asker([addressOf(there.process)], here.records);
    await run(dns.connect('echo', { slots: 1 }));
    await expect(run(dns.connect('echo', { slots: 1 }))).rejects.toBeInstanceOf(Contention);
  });
});

describe('a peer', () => {
  test('that is dead, or frozen, or nowhere, is passed over in time; the others are heard', async () => {
    const [dead, frozen] = [await new Machine().process(), await new Machine().process()];
    const served = await new Machine().serve('echo');
    const peers = [addressOf(dead), addressOf(frozen), { host: 'nowhere', port: 1 }, addressOf(served.process)];
    dead.kill();
    frozen.freeze();
    const startedMs = world.clock.timeMs;
    expect(await leasesOf(asker(peers).dns)).toEqual([served.lease]);
    expect(world.clock.timeMs - startedMs).toBeLessThanOrEqual(peerAnswerMs);
  });

  test('that is dead, if all are, leaves nothing to be found, and the error names them', async () => {
    const dead = await new Machine().process();
    const { dns } = asker([addressOf(dead), { host: 'nowhere', port: 1 }]);
    dead.kill();
    expect(await run(dns.resolve('echo'))).toEqual([]);
    const connected = run(dns.connect('echo', { slots: 1 }));
    await expect(connected).rejects.toBeInstanceOf(Disconnected);
    await expect(connected).rejects.toThrow(formatNetworkAddress(addressOf(dead)));
    await expect(connected).rejects.toThrow('nowhere:1');
  });

  test('names an instance whose agent does not answer in vain', async () => {
    const machine = new Machine();
    const [stopped, alive] = [await machine.serve('echo'), await machine.serve('echo')];
    stopped.process.freeze();
    const startedMs = world.clock.timeMs;
    expect(await leasesOf(asker([addressOf(alive.process)]).dns)).toEqual([alive.lease]);
    expect(world.clock.timeMs - startedMs).toBeLessThanOrEqual(2 * peerAnswerMs);
  });

  test('that listens everywhere and does not say where it is says that', async () => {
    const served = await new Machine().serve('echo', { host: '0.0.0.0', port: 4433 });
    world.network.servers.set('near:4433', world.network.servers.get('0.0.0.0:4433') as never);
    const { dns } = asker([{ host: 'near', port: 4433 }]);
    expect(await run(dns.resolve('echo'))).toEqual([]);
    await expect(run(dns.connect('echo', { slots: 1 }))).rejects.toThrow('LEASEWIRE_ADVERTISE');
    // What it does not serve itself is no reason to complain.
    expect(await run(dns.resolve('other'))).toEqual([]);
    expect(served.process.agent.networkAddress).toBeUndefined();
  });
});

describe('a hostile peer', () => {
  const address = { host: 'evil', port: 666 };

  /** Answers every request as told, and notes them all. */
  async function evil(answer: (message: Message) => ResponseBody): Promise<Message[]> {
    const heard: Message[] = [];
    const process = world.process();
    const take = (carrier: Carrier, bytes: Uint8Array) => {
      const message = decodeMessage(bytes);
      heard.push(message);
      if (!('seq' in message)) return;
      carrier.send(encodeMessage({ ...answer(message), seq: message.seq }), []);
    };
    await run(
      process.network.listen(address, (carrier) => {
        carrier.open({ onMessage: (bytes) => take(carrier, bytes), onClose: () => undefined });
        carrier.send(encodeMessage(helloOf()), []);
      }),
    );
    return heard;
  }

  const recordOf = ({ process, lease }: Served, more: Partial<ServiceRecord>): ServiceRecord => ({
    service: 'echo',
    instance: lease,
    node: 'evil',
    agent: process.agent.id,
    lease: lease as ServiceRecord['lease'],
    generation: 1,
    planes: ['local'],
    address: process.agent.address,
    ...more,
  });

  test('leads nobody to sockets of this machine, nor to services that were not asked for', async () => {
    const own = await new Machine().serve('echo');
    const network = formatNetworkAddress(addressOf(own.process));
    const records = [recordOf(own, {}), recordOf(own, { service: 'other', network })];
    await evil(() => ({ type: 'services', records }));
    const { dns } = asker([address]);
    expect(await run(dns.resolve('echo'))).toEqual([]);
  });

  test('cannot make a way on this machine of a way over the network', async () => {
    const own = await new Machine().serve('echo');
    const network = formatNetworkAddress(addressOf(own.process));
    await evil(() => ({ type: 'services', records: [recordOf(own, { network, address: 'sim:mine' })] }));
    expect(await run(asker([address]).dns.resolve('echo'))).toMatchObject([{ address: network }]);
  });

  test('that calls somebody else’s lease its own finds nobody who believes it', async () => {
    const own = await new Machine().serve('echo');
    await evil((message) =>
      message.type === 'resolve'
        ? { type: 'services', records: [recordOf(own, { network: formatNetworkAddress(address) })] }
        : { type: 'done' },
    );
    expect(await run(asker([address]).dns.resolve('echo'))).toEqual([]);
  });

  test('that answers nonsense is passed over', async () => {
    const heard = await evil(() => ({ type: 'done' }));
    const { dns } = asker([address]);
    expect(await run(dns.resolve('echo'))).toEqual([]);
    await expect(run(dns.connect('echo', { slots: 1 }))).rejects.toThrow('answered resolve with done');
    expect(heard.filter(({ type }) => type === 'resolve')).toHaveLength(2);
  });
});

describe('watching over peers', () => {
  function watching(dns: FabricDns, signal?: AbortSignal): { seen: string[]; over: Promise<void> } {
    const seen: string[] = [];
    const watch = async () => {
      for await (const { type, instance } of dns.watch('echo', signal)) seen.push(`${type} ${instance.lease}`);
    };
    return { seen, over: watch() };
  }

  test('tells of those that come and go at the next look, and of deaths at once', async () => {
    const machine = new Machine();
    const peer = await machine.process();
    const first = await machine.serve('echo');
    const { seen } = watching(asker([addressOf(peer)]).dns);
    await world.clock.advance(100);
    const expected = [`up ${first.lease}`];
    expect(seen).toEqual(expected);
    const second = await machine.serve('echo');
    await world.clock.advance(peerPollMs);
    expected.push(`up ${second.lease}`);
    expect(seen).toEqual(expected);
    await first.dns.deregister('echo');
    await world.clock.advance(peerPollMs);
    expected.push(`down ${first.lease}`);
    expect(seen).toEqual(expected);
    second.process.kill();
    await world.clock.advance(10);
    expect(seen).toEqual([...expected, `down ${second.lease}`]);
  });

  test('does not take a peer’s silence for an end, as long as its instances live', async () => {
    const machine = new Machine();
    const peer = await machine.process();
    const served = await machine.serve('echo');
    const { seen } = watching(asker([addressOf(peer)]).dns);
    await world.clock.advance(100);
    peer.kill();
    await world.clock.advance(10 * peerPollMs);
    expect(seen).toEqual([`up ${served.lease}`]);
    served.process.kill();
    await world.clock.advance(100);
    expect(seen).toEqual([`up ${served.lease}`, `down ${served.lease}`]);
  });

  test('takes an instance for the same when only the way to it broke for a moment', async () => {
    const machine = new Machine();
    const served = await machine.serve('echo');
    const here = asker([addressOf(served.process)]);
    const { seen } = watching(here.dns);
    await world.clock.advance(100);
    here.process.transport.breakAll();
    await world.clock.advance(10 * peerPollMs);
    served.process.kill();
    await world.clock.advance(10);
    expect(seen).toEqual([`up ${served.lease}`, `down ${served.lease}`]);
  });

  test('ends when its signal aborts, and leaves nothing behind', async () => {
    const served = await new Machine().serve('echo');
    const here = asker([addressOf(served.process)]);
    const stop = new AbortController();
    const { over } = watching(here.dns, stop.signal);
    await world.clock.advance(100);
    expect(here.process.transport.open).toBe(1);
    stop.abort();
    await run(over);
    await world.clock.settle();
    expect(here.process.transport.open).toBe(0);
    served.process.kill();
    await world.clock.advance(700_000);
    expect(world.clock.pending).toBe(0);
  });
});
