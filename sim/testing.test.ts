import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { exportMetrics } from '../sdk/metrics.ts';
import {
  CapacityExceeded,
  DeadlineExceeded,
  Disconnected,
  FabricDns,
  LeaseExpired,
  MemBuilder,
  MemLease,
  MemoryFabric,
  type MemoryProcess,
  Revoked,
  RpcClient,
  type RpcHandler,
  RpcServer,
  Unsupported,
} from './testing.ts';

let fabric: MemoryFabric;
let server: MemoryProcess;
let client: MemoryProcess;

beforeEach(() => {
  fabric = new MemoryFabric();
  server = fabric.process();
  client = fabric.process();
});

afterEach(() => fabric.close());

const echo: RpcHandler = { handle: (_methodId, payload) => payload };
const bytes = Uint8Array.of(1, 2, 3);

/** A service as somebody writes it, who knows nothing of tests. */
async function startEcho(handler = echo): Promise<MemLease> {
  const lease = await new MemBuilder().leaseSecs(60).acquire();
  const rpcServer = new RpcServer(lease);
  rpcServer.serve(handler).catch(() => undefined);
  const dns = await FabricDns.open();
  await dns.register('echo', rpcServer);
  return lease;
}

/** Its client, likewise. */
async function connectEcho(): Promise<RpcClient> {
  const dns = await FabricDns.open();
  return new RpcClient(await dns.connect('echo'));
}

async function pair(handler?: RpcHandler): Promise<RpcClient> {
  await server.run(() => startEcho(handler));
  return client.run(connectEcho);
}

describe('processes of a fabric', () => {
  test('call each other by code that imports the public classes', async () => {
    const rpc = await pair();
    expect(await rpc.call(1, bytes)).toEqual(bytes);
    expect(rpc.memLease).toBeInstanceOf(MemLease);
    expect(rpc.memLease.plane).toBe('sim');
  });

  test('call each other by the classes that each process offers', async () => {
    const lease = await new server.MemBuilder().minBytes(65536).acquire();
    const dns = await server.FabricDns.open();
    const rpcServer = new RpcServer(lease);
    await dns.register('echo', rpcServer);
    rpcServer.serve(echo).catch(() => undefined);
    const held = await client.MemBuilder.attach(lease.url);
    expect(await new RpcClient(held).call(1, bytes)).toEqual(bytes);
    const [found] = await (await client.FabricDns.open()).resolve('echo');
    expect(found).toMatchObject({ lease: lease.id, freeSlots: 0, planes: ['sim'] });
    expect(new client.MemBuilder()).toBeInstanceOf(MemBuilder);
    expect(dns).toBeInstanceOf(FabricDns);
  });

  test('share what is written to a lease', async () => {
    const lease = await new server.MemBuilder().acquire();
    const held = await client.MemBuilder.attach(lease.id);
    await held.mem().write(8, bytes);
    expect(await lease.mem().read(8, 3)).toEqual(bytes);
    expect(await held.mem().fetchAdd(16, 2n)).toBe(0n);
    expect(await lease.mem().fetchAdd(16, 0n)).toBe(2n);
  });

  test('are reached by callSync, if the handler answers at once', async () => {
    const rpc = await pair();
    for (let i = 0; i < 100; i++) expect(rpc.callSync(1, Uint8Array.of(i))).toEqual(Uint8Array.of(i));
  });

  test('are told when callSync can have no answer: the handler’s promise waits for the thread', async () => {
    const rpc = await pair({ handle: async (_methodId, payload) => payload });
    expect(() => rpc.callSync(1, bytes, { deadlineMs: 20 })).toThrow(DeadlineExceeded);
    const other = fabric.process();
    await other.run(() => startEcho({ handle: () => new Promise(() => undefined) }));
    const patient = await client.run(connectEcho);
    expect(() => patient.callSync(1, bytes)).toThrow(Unsupported);
    await fabric.advance(0);
    expect(patient.memLease.status).toBe('disconnected');
    expect((await client.run(connectEcho)).memLease.id).toBe(patient.memLease.id);
  });

  test('find a directory’s services only there', async () => {
    const lease = await new server.MemBuilder().acquire();
    const dns = await server.FabricDns.open({ directory: '/one' });
    await dns.register('echo', new RpcServer(lease));
    expect(await (await client.FabricDns.open({ directory: '/one' })).resolve('echo')).toHaveLength(1);
    expect(await (await client.FabricDns.open({ directory: '/two' })).resolve('echo')).toEqual([]);
    expect(await (await client.FabricDns.open()).resolve('echo')).toEqual([]);
  });

  test('know nothing of another fabric', async () => {
    await using other = new MemoryFabric();
    const stranger = other.process();
    const lease = await server.run(() => startEcho());
    await expect(stranger.MemBuilder.attach(lease.id)).rejects.toThrow(Disconnected);
    await expect(stranger.run(connectEcho)).rejects.toThrow(Disconnected);
    await expect(other.revoke(lease)).rejects.toThrow(Revoked);
  });

  test('run what happens to them as themselves', async () => {
    const relay: RpcHandler = { handle: async () => Buffer.from((await new MemBuilder().acquire()).id) };
    const rpc = await pair(relay);
    const id = Buffer.from(await rpc.call(1, bytes)).toString();
    expect(id.slice(0, 16)).toBe(rpc.memLease.id.slice(0, 16));
  });
});

/** What keeps this process alive now. */
const timersThatCount = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a fabric keeps the process alive while it serves or waits for an answer, as sockets do', async () => {
  const before = timersThatCount();
  const lease = await new server.MemBuilder().acquire();
  const rpcServer = new RpcServer(lease);
  const rpc = new RpcClient(await client.MemBuilder.attach(lease.id));
  await fabric.advance(0);
  expect(timersThatCount()).toBe(before);
  const answer = rpc.call(1, bytes);
  expect(timersThatCount()).toBe(before + 1);
  const stop = new AbortController();
  const served = rpcServer.serve(echo, { signal: stop.signal });
  await answer;
  expect(timersThatCount()).toBe(before + 1);
  stop.abort();
  await served;
  expect(timersThatCount()).toBe(before);
  rpc.call(1, bytes).catch(() => undefined);
  expect(timersThatCount()).toBe(before + 1);
  server.kill();
  client.kill();
  await fabric.advance(0);
  expect(timersThatCount()).toBe(before);
});

test('the metrics that a process exports are its own', async () => {
  const registry = new Registry();
  client.run(() => exportMetrics(registry));
  const rpc = await pair();
  await rpc.call(1, bytes);
  const exposition = await registry.metrics();
  expect(exposition).toContain('leasewire_rpc_client_requests_total 1\n');
  expect(exposition).toContain('leasewire_rpc_server_requests_total 0\n');
});

test('code that runs in no process has one together', async () => {
  const lease = await startEcho();
  const rpc = await connectEcho();
  expect(await rpc.call(1, bytes)).toEqual(bytes);
  expect(rpc.memLease.id).toBe(lease.id);
  await lease.release();
});

describe('what can happen', () => {
  test('a process is killed: calls under way and later ones are Disconnected, its services are gone', async () => {
    const handle = vi.fn(() => new Promise<Uint8Array>(() => undefined));
    const rpc = await pair({ handle });
    const call = rpc.call(1, bytes);
    const outcome = expect(call).rejects.toMatchObject({ code: 'Disconnected', mayHaveExecuted: true });
    await fabric.advance(0);
    expect(handle).toHaveBeenCalledOnce();
    server.kill();
    await outcome;
    expect(rpc.memLease.status).toBe('disconnected');
    await expect(rpc.call(1, bytes)).rejects.toThrow(Disconnected);
    await expect(client.run(connectEcho)).rejects.toThrow(Disconnected);
    await expect(new server.MemBuilder().acquire()).rejects.toThrow(Disconnected);
    expect(server.alive).toBe(false);
  });

  test('a client is killed: its slot is free again', async () => {
    await pair();
    client.kill();
    await fabric.advance(0);
    const next = fabric.process();
    const rpc = await next.run(connectEcho);
    expect(await rpc.call(1, bytes)).toEqual(bytes);
  });

  test('a process ends in an orderly way: its holders see a release', async () => {
    const rpc = await pair();
    server.exit();
    await fabric.advance(0);
    expect(rpc.memLease.status).toBe('released');
  });

  test('a lease expires at once', async () => {
    const rpc = await pair();
    await fabric.expire(rpc.memLease);
    expect(rpc.memLease.status).toBe('expired');
    await expect(rpc.call(1, bytes)).rejects.toThrow(LeaseExpired);
    await expect(fabric.expire(rpc.memLease)).rejects.toThrow(Revoked);
  });

  test('a lease is revoked by its id', async () => {
    const rpc = await pair();
    await fabric.revoke(rpc.memLease.id);
    expect(rpc.memLease.status).toBe('revoked');
    await expect(rpc.memLease.mem().read(0, 1)).rejects.toThrow(Revoked);
  });

  test('time passes: leases expire, unless they are renewed', async () => {
    const short = await new server.MemBuilder().leaseSecs(60).acquire();
    const renewed = await new server.MemBuilder().leaseSecs(60).autoRenew().acquire();
    const held = await client.MemBuilder.attach(short.id);
    await fabric.advance(40_000);
    expect(short.remainingMs).toBeLessThanOrEqual(20_000);
    expect(held.status).toBe('active');
    await fabric.advance(20_000);
    expect([short.status, held.status, renewed.status]).toEqual(['expired', 'expired', 'active']);
    await fabric.advance(86_400_000);
    expect(renewed.status).toBe('active');
  });

  test('time passes by itself, too', async () => {
    const lease = await new server.MemBuilder().leaseSecs(0.03).acquire();
    await expect(new Promise((resolve) => lease.onEnd(resolve))).resolves.toBe('expired');
  });

  test('a process is frozen: calls wait for it, or for their deadline', async () => {
    const rpc = await pair();
    server.freeze();
    const late = expect(rpc.call(1, bytes, { deadlineMs: 1000 })).rejects.toThrow(DeadlineExceeded);
    await fabric.advance(1000);
    await late;
    const patient = rpc.call(1, Uint8Array.of(9));
    server.thaw();
    expect(await patient).toEqual(Uint8Array.of(9));
  });

  test('a process is frozen for too long: its leases have expired when it goes on', async () => {
    const rpc = await pair();
    client.freeze();
    await fabric.advance(61_000);
    client.thaw();
    await expect(rpc.call(1, bytes)).rejects.toThrow(LeaseExpired);
  });

  test('messages take their time', async () => {
    const rpc = await pair();
    fabric.latencyMs = 10_000;
    const late = expect(rpc.call(1, bytes, { deadlineMs: 5_000 })).rejects.toThrow(DeadlineExceeded);
    await fabric.advance(5_000);
    await late;
    await fabric.advance(30_000);
    const call = rpc.call(1, bytes);
    await fabric.advance(20_000);
    expect(await call).toEqual(bytes);
    fabric.latencyMs = 0;
  });

  test('there is no more memory', async () => {
    await using small = new MemoryFabric({ memoryBytes: 200_000 });
    const { MemBuilder } = small.process();
    const lease = await new MemBuilder().minBytes(65536).acquire();
    await expect(new MemBuilder().minBytes(150_000).acquire()).rejects.toThrow(CapacityExceeded);
    await lease.release();
    await expect(new MemBuilder().minBytes(150_000).acquire()).resolves.toBeInstanceOf(MemLease);
  });
});
