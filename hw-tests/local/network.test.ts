// Processes that have nothing in common but the network: run-time directories of their own, as on two machines. Here
// over loopback; what only needs the control connection works, and no plane binds leases over it.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FabricDns, MemBuilder, type ResolvedService } from '#sdk';
import { frameOf } from '../../bridge/control/frame-reader.ts';
import { parseLeaseReference } from '../../bridge/lease/lease-id.ts';
import { peerAnswerMs, ungreetedMax } from '../../bridge/limits.ts';
import type { NetworkAddress } from '../../bridge/network-address.ts';
import type { HomeLease } from '../../sdk/conformance/index.ts';
import { privateRuntimeDirectory } from './place.ts';
import { endProgramsAfterEach, type Home, startHome } from './program.ts';
import { residentBytes, resourcesOf } from './resources.ts';
import { settled } from './settled.ts';

privateRuntimeDirectory();
endProgramsAfterEach();

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

interface FarHome extends Home {
  readonly lease: HomeLease;
  readonly address: NetworkAddress;
  /** As peers are named. */
  readonly peer: string;
}

/** A home on a machine of its own, as far as it can tell. */
function startFar(listen: string, options: { shell?: string; directory?: string } = {}): Promise<Home> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'leasewire-test-'));
  directories.push(directory);
  const env = { LEASEWIRE_RUNTIME_DIR: directory, LEASEWIRE_LISTEN: listen };
  return startHome({ env, ...(options.shell !== undefined && { shell: options.shell }) });
}

/** One that serves `echo`. */
async function farHome(listen = '127.0.0.1:0', options: { shell?: string } = {}): Promise<FarHome> {
  const home = await startFar(listen, options);
  const lease = await home.driver.acquire();
  await lease.serve();
  await lease.register('echo');
  const { address } = parseLeaseReference(lease.url);
  if (address === undefined) throw new Error(`${lease.url} names no address`);
  return { ...home, lease, address, peer: `${address.host}:${address.port}` };
}

async function resolveThrough(...peers: string[]): Promise<ResolvedService[]> {
  await using dns = await FabricDns.open({ peers });
  return dns.resolve('echo');
}

/** Connections that say nothing. */
async function strangers(count: number, { port }: NetworkAddress): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      return socket;
    }),
  );
}

describe('two processes that only the network connects', () => {
  test('find each other’s services through LEASEWIRE_PEERS, and are told that no plane binds them', async () => {
    const home = await farHome();
    // Read when first needed, and this is the first time in this process.
    process.env['LEASEWIRE_PEERS'] = home.peer;
    await using dns = await FabricDns.open();
    const [found, ...others] = await dns.resolve('echo');
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      lease: home.lease.id,
      address: home.peer,
      network: home.peer,
      layout: 'classic',
      freeSlots: 1,
    });
    const unsupported = { code: 'Unsupported', message: expect.stringContaining('no plane reaches that host') };
    await expect(dns.connect('echo')).rejects.toMatchObject(unsupported);
    await expect(MemBuilder.attach(home.lease.url)).rejects.toMatchObject(unsupported);
    expect(await resolveThrough(home.peer)).toHaveLength(1);
  });

  test('a lease of this machine is attached to locally, although its URL names the network', async () => {
    const home = await startHome({ env: { LEASEWIRE_LISTEN: 'localhost:0' } });
    const lease = await home.driver.acquire();
    expect(lease.url).toMatch(/^leasewire:\/\/localhost:\d+\//);
    const held = await MemBuilder.attach(lease.url);
    expect([held.plane, held.url]).toEqual(['local', lease.url]);
    await held.release();
  });

  test('a home that was started anew is not taken for the old one', async () => {
    const before = await farHome();
    await before.driver.kill();
    await expect(MemBuilder.attach(before.lease.url)).rejects.toMatchObject({ code: 'Disconnected' });
    expect(await resolveThrough(before.peer)).toEqual([]);
    const after = await farHome(before.peer);
    expect(after.peer).toBe(before.peer);
    expect((await resolveThrough(after.peer)).map(({ lease }) => lease)).toEqual([after.lease.id]);
    await expect(MemBuilder.attach(after.lease.url)).rejects.toMatchObject({ code: 'Unsupported' });
  });

  test('a watch hears of services at the next look, and of a death at once', async () => {
    const home = await farHome();
    await using dns = await FabricDns.open({ peers: [home.peer] });
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, instance } of dns.watch('echo', { signal: stop.signal })) {
        seen.push(`${type} ${instance.lease}`);
      }
    })();
    await settled(() => expect(seen).toEqual([`up ${home.lease.id}`]));
    await home.driver.kill();
    await settled(() => expect(seen.at(-1)).toBe(`down ${home.lease.id}`));
    stop.abort();
    await watching;
  });

  test('a stopped peer is passed over, and heard again when it goes on', async () => {
    const [stopped, living] = [await farHome(), await farHome()];
    stopped.signal('SIGSTOP');
    const startedMs = performance.now();
    const found = await resolveThrough(stopped.peer, living.peer);
    expect(found.map(({ lease }) => lease)).toEqual([living.lease.id]);
    expect(performance.now() - startedMs).toBeLessThan(2 * peerAnswerMs);
    stopped.signal('SIGCONT');
    await settled(async () => expect(await resolveThrough(stopped.peer, living.peer)).toHaveLength(2));
  });
});

describe('a home on the network that is besieged', () => {
  test('by hundreds who say nothing serves all others, and forgets them', async () => {
    const home = await farHome();
    const before = resourcesOf(home.pid).sockets;
    const silent = await strangers(3 * ungreetedMax, home.address);
    expect(await resolveThrough(home.peer)).toHaveLength(1);
    await settled(() => expect(resourcesOf(home.pid).sockets).toBeLessThanOrEqual(before + ungreetedMax + 1));
    for (const socket of silent) socket.destroy();
    await settled(() => expect(resourcesOf(home.pid).sockets).toBe(before));
  });

  test('by more than it has descriptors for goes on when they leave', async () => {
    const home = await farHome('127.0.0.1:0', { shell: 'ulimit -n 100' });
    const silent = await strangers(300, home.address);
    for (const socket of silent) socket.destroy();
    await settled(async () => expect(await resolveThrough(home.peer)).toHaveLength(1));
    expect((await home.lease.status()).status).toBe('active');
  });

  test('by bytes that make no sense closes those connections, and grows by nothing', async () => {
    const home = await farHome();
    const before = residentBytes(home.pid);
    const nonsense = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(4),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.from(frameOf(Buffer.from('no msgpack at all'))),
      Buffer.from(frameOf(new Uint8Array(16_384).fill(0x91))),
    ];
    for (let round = 0; round < 40; round++) {
      const sockets = await strangers(nonsense.length, home.address);
      for (const [index, socket] of sockets.entries()) socket.write(nonsense[index] as Buffer);
      await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket, 'close'))));
    }
    expect(await resolveThrough(home.peer)).toHaveLength(1);
    expect(residentBytes(home.pid) - before).toBeLessThan(50 * 2 ** 20);
  });
});

describe('settings that cannot be', () => {
  test('plain TCP off this machine is refused when the first lease is acquired', async () => {
    const home = await startFar('0.0.0.0:0');
    await expect(home.driver.acquire()).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringContaining('LEASEWIRE_INSECURE=1'),
    });
  });

  test('a port that is taken is IoError, and may be free the next time', async () => {
    const first = await farHome();
    const second = await startFar(first.peer);
    await expect(second.driver.acquire()).rejects.toMatchObject({
      code: 'IoError',
      message: expect.stringContaining(first.peer),
    });
    await first.driver.kill();
    await settled(async () => expect((await second.driver.acquire()).url).toContain(first.peer));
  });
});
