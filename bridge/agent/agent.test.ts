import { describe, expect, test } from 'vitest';
import type { Process } from '#sim';
import { decodeMessage, encodeMessage } from '../control/codec.ts';
import { helloOf } from '../control/message.test.support.ts';
import type { Message } from '../control/messages.ts';
import { CapacityExceeded, Contention, DeadlineExceeded, Disconnected, Revoked, Unsupported } from '../errors.ts';
import { farServedScene } from '../far-world.test.support.ts';
import { type AgentId, agentOf, type LeaseId, leaseIdToBytes } from '../lease/lease-id.ts';
import { controlRequestMs, leaseBytesMax } from '../limits.ts';
import type { NetworkAddress } from '../network-address.ts';
import { granted, heldScene, outcome, type Scene, servedScene } from '../world.test.support.ts';

const noLeaseOf = ({ id }: { id: AgentId }) => `${id}${'f'.repeat(16)}` as LeaseId;

describe('acquiring', () => {
  test('grants fresh, zeroed memory, under an id that names the agent', () => {
    const { home, lease } = granted();
    expect(agentOf(lease.id)).toBe(home.agent.id);
    expect(lease.window.arena.every((byte) => byte === 0)).toBe(true);
    const other = home.agent.acquire({ minBytes: 1, leaseMs: 1000, hugePages: false });
    expect(other.id).not.toBe(lease.id);
    expect(home.agent.find(other.id)).toBe(other);
    expect(home.agent.metrics).toMatchObject({ leasesAcquired: 2, leasesActive: 2 });
  });

  test.each([0, -1, 0.5, Number.NaN, leaseBytesMax + 1, Number.POSITIVE_INFINITY])(
    '%d bytes is refused',
    (minBytes) => {
      const { home } = granted();
      expect(() => home.agent.acquire({ minBytes, leaseMs: 1000, hugePages: false })).toThrow(RangeError);
      expect(home.agent.metrics.leasesAcquired).toBe(1);
    },
  );

  test('more than there is fails, and leaves what is there', () => {
    const { world, home } = granted();
    const { freeBytes } = world.machine;
    const tooMuch = { minBytes: freeBytes + 1, leaseMs: 1000, hugePages: false };
    expect(() => home.agent.acquire(tooMuch)).toThrow(CapacityExceeded);
    expect(world.machine.freeBytes).toBe(freeBytes);
    expect(home.agent.metrics.leasesActive).toBe(1);
  });
});

describe('attaching', () => {
  test('binds to the lease’s own bytes', async () => {
    const { lease, held, holder } = await heldScene();
    await held.memory.write(100, Uint8Array.of(1, 2, 3));
    expect(await lease.memory.read(100, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(held).toMatchObject({ id: lease.id, generation: 1, arenaBytes: 65536, plane: 'sim', status: 'active' });
    expect(holder.agent.metrics).toMatchObject({ leasesAttached: 1, leasesActive: 1 });
  });

  test('to an agent that is not there fails with Disconnected', async () => {
    const { world, lease, home } = granted();
    home.kill();
    const attached = world.process().agent.attach(lease.id, { slots: 0 });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(Disconnected);
  });

  test('to a lease that is not granted, or no more, fails with Revoked, and the connection is given up', async () => {
    const { world, home, lease } = granted();
    const holder = world.process();
    const attach = (id: LeaseId) => world.clock.run(holder.agent.attach(id, { slots: 0 }, home.agent.address));
    await expect(attach(noLeaseOf(home.agent))).rejects.toBeInstanceOf(Revoked);
    const { id } = lease;
    await lease.release();
    await expect(attach(id)).rejects.toBeInstanceOf(Revoked);
    await world.clock.advance(2 * controlRequestMs);
    expect(world.clock.pending).toBe(0);
    expect(holder.agent.metrics).toMatchObject({ leasesAttached: 0, leasesActive: 0 });
  });

  test('for a slot that is taken fails with Contention, and leaves nothing attached', async () => {
    const { world, lease, home } = await servedScene();
    const attached = world.process().agent.attach(lease.id, { slots: 1 });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(Contention);
    expect(home.agent.find(lease.id).freeSlotCount).toBe(0);
  });

  test.each(['at once', 'one after the other'])('twice from one process is two holders, %s', async (how) => {
    const { world, home, lease } = granted();
    const { agent } = world.process();
    const one = agent.attach(lease.id, { slots: 0 });
    if (how === 'one after the other') await world.clock.run(one);
    const [first, second] = await world.clock.run(Promise.all([one, agent.attach(lease.id, { slots: 0 })]));
    expect(home.transport.open).toBe(2);
    await world.clock.run(first.release());
    expect([first.status, second.status]).toEqual(['released', 'active']);
    const again = await world.clock.run(agent.attach(lease.id, { slots: 0 }));
    expect([again.status, home.transport.open]).toEqual(['active', 2]);
  });

  test('waits while the home’s backlog is full, and gives up after a time', async () => {
    const { world, lease } = granted();
    const { agent } = world.process();
    world.network.backlogMax = 0;
    const attached = outcome(agent.attach(lease.id, { slots: 0 }));
    await world.clock.advance(1000);
    world.network.backlogMax = 1;
    expect((await world.clock.run(attached)).status).toBe('fulfilled');
    world.network.backlogMax = 0;
    const never = world.process().agent.attach(lease.id, { slots: 0 });
    await expect(world.clock.run(never, 2 * controlRequestMs)).rejects.toBeInstanceOf(CapacityExceeded);
  });

  test('whose answer comes too late is undone', async () => {
    const { world, home, lease } = await servedScene();
    const second = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
    const { agent } = world.process();
    const kept = await world.clock.run(agent.attach(second.id, { slots: 0 }));
    await world.clock.run(agent.attach(lease.id, { slots: 0 }).catch(() => undefined));
    const third = home.agent.acquire({ minBytes: 65536, leaseMs: 60_000, hugePages: false });
    home.freeze();
    const attached = agent.attach(third.id, { slots: 0 });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(DeadlineExceeded);
    home.thaw();
    await world.clock.advance(100);
    // Attached no more: or else this would be one time too many over the same connection.
    const again = await world.clock.run(agent.attach(third.id, { slots: 0 }));
    expect([kept.status, again.status]).toEqual(['active', 'active']);
    await world.clock.run(again.release());
    const { open } = world.machine.attachments;
    await third.release();
    expect(world.machine.attachments.open).toBe(open - 1);
  });

  test.each([1, 2, 3])(
    'to a home that dies as its answer arrives leaves no lease that lives on (%d)',
    async (delayMs) => {
      const { world, home, lease } = granted();
      const holder = world.process();
      world.network.delayMs = () => delayMs;
      const attached = outcome(holder.agent.attach(lease.id, { slots: 0 }));
      // The answer is under way, and the end comes right behind it: a process that was busy hears of both in one go.
      await world.clock.advance(delayMs);
      holder.freeze();
      home.kill();
      await world.clock.advance(10 * delayMs);
      holder.thaw();
      const result = await world.clock.run(attached);
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'Disconnected' } });
      expect(holder.agent.metrics.leasesActive).toBe(0);
    },
  );

  test('to a lease that ends as the answer arrives fails as the lease does', async () => {
    const { world, lease } = granted();
    const holder = world.process();
    world.network.delayMs = () => 1;
    const attached = outcome(holder.agent.attach(lease.id, { slots: 0 }));
    await world.clock.advance(1);
    holder.freeze();
    await lease.revoke();
    await world.clock.advance(10);
    holder.thaw();
    expect(await world.clock.run(attached)).toMatchObject({ status: 'rejected', reason: { code: 'Revoked' } });
    expect(holder.agent.metrics.leasesActive).toBe(0);
    expect(world.machine.attachments.open).toBe(0);
  });
});

describe('describing', () => {
  test('says what a lease offers, without binding it', async () => {
    const { world, home, lease } = await servedScene();
    const asker = world.process();
    const description = await world.clock.run(asker.agent.describe(lease.id, home.agent.address));
    expect(description).toMatchObject({
      type: 'description',
      generation: 1,
      arenaBytes: 65536,
      layout: { name: 'classic', slotCount: 1, slotStride: 0 },
      freeSlots: 0,
    });
    expect(description.remainingMs).toBeLessThanOrEqual(60_000);
    await world.clock.settle();
    expect(asker.agent.metrics.leasesActive).toBe(0);
  });

  test('begun as the last lease over the same connection ends, needs another connection, and gets it', async () => {
    const { world, home, holder, held } = await heldScene();
    const other = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
    const described = holder.agent.describe(other.id, home.agent.address);
    held.end('revoked');
    expect(await world.clock.run(described)).toMatchObject({ remainingMs: expect.any(Number) });
    const attached = holder.agent.attach(other.id, { slots: 0 });
    expect((await world.clock.run(attached)).status).toBe('active');
  });

  test('of a lease that is not there fails with Revoked', async () => {
    const { world, home } = granted();
    const described = world.process().agent.describe(noLeaseOf(home.agent), home.agent.address);
    await expect(world.clock.run(described)).rejects.toBeInstanceOf(Revoked);
  });
});

describe('watching an agent', () => {
  test('tells of its death', async () => {
    const { world, home } = granted();
    let gone = 0;
    await world.clock.run(world.process().agent.watch(home.agent.id, home.agent.address, () => gone++));
    await world.clock.advance(1000);
    expect(gone).toBe(0);
    home.kill();
    await world.clock.settle();
    expect(gone).toBe(1);
  });

  test('is over when it is closed', async () => {
    const { world, home } = granted();
    const life = await world.clock.run(
      world.process().agent.watch(home.agent.id, home.agent.address, () => expect.unreachable()),
    );
    life.close();
    home.kill();
    await world.clock.settle();
  });
});

describe('closing', () => {
  test('releases what the agent is home to, and gives back what it holds', async () => {
    const { world, home, lease, held, holder } = await servedScene();
    const own = holder.agent.acquire({ minBytes: 1, leaseMs: 1000, hugePages: false });
    holder.agent.close();
    await world.clock.settle();
    expect([own.status, held.status, lease.status, lease.freeSlotCount]).toEqual([
      'released',
      'disconnected',
      'active',
      1,
    ]);
    home.agent.close();
    await world.clock.settle();
    expect(lease.status).toBe('released');
    expect(world.machine.attachments.open).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  test('tells holders that their leases were released', async () => {
    const { world, home, held } = await heldScene();
    home.agent.close();
    await world.clock.settle();
    expect(held.status).toBe('released');
  });

  test('ends every lease held, also those that were attached at the same time', async () => {
    const { world, home, lease } = granted();
    const second = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
    const { agent } = world.process();
    const helds = await world.clock.run(
      Promise.all([agent.attach(lease.id, { slots: 0 }), agent.attach(second.id, { slots: 0 })]),
    );
    agent.close();
    expect(helds.map(({ status }) => status)).toEqual(['disconnected', 'disconnected']);
  });
});

test('a holder of many leases of one home uses one connection, and gives it up with the last', async () => {
  const { world, home, lease, held, holder } = await heldScene();
  const second = home.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
  const also = await world.clock.run(holder.agent.attach(second.id, { slots: 0 }));
  await world.clock.run(held.release());
  expect(also.status).toBe('active');
  await world.clock.run(also.release());
  await world.clock.settle();
  // Whoever attaches anew finds a new connection, and everything as it was.
  const again = await world.clock.run(holder.agent.attach(lease.id, { slots: 0 }));
  expect(again.status).toBe('active');
});

describe('over the network', () => {
  const anywhere = { host: 'node-1', port: 0 };

  /** A home that listens on the network, and somebody on another machine. */
  async function far(): Promise<Scene & { address: NetworkAddress; asker: Process }> {
    const scene = granted();
    const address = await scene.world.clock.run(scene.home.agent.listenNetwork(anywhere));
    return { ...scene, address, asker: scene.world.process() };
  }

  test('an agent says what it took, and how others reach it', async () => {
    const { home, address } = await far();
    expect(address).toEqual({ host: 'node-1', port: expect.any(Number) });
    expect(address.port).not.toBe(0);
    expect(home.agent.networkAddress).toEqual(address);
    expect(granted().home.agent.networkAddress).toBeUndefined();
  });

  test.each([
    ['0.0.0.0', undefined, undefined],
    ['::', undefined, undefined],
    ['0.0.0.0', { host: 'node-1', port: 9 }, { host: 'node-1', port: 9 }],
    ['node-1', { host: 'outside', port: 0 }, { host: 'outside', port: 4711 }],
  ])('one that listens at %s and advertises %j is reached at %j', async (host, advertised, expected) => {
    const { world, home } = granted();
    await world.clock.run(home.agent.listenNetwork({ host, port: 4711 }, advertised));
    expect(home.agent.networkAddress).toEqual(expected);
  });

  test('leases are described as on this machine', async () => {
    const { world, asker, address, lease } = await far();
    const description = await world.clock.run(asker.agent.describe(lease.id, address));
    expect(description).toMatchObject({ generation: 1, arenaBytes: 65536, layout: { name: 'none' } });
    await world.clock.settle();
    expect(asker.transport.open).toBe(0);
  });

  test('leases that are not there are Revoked, homes that are not there Disconnected', async () => {
    const { world, asker, home, address } = await far();
    const none = world.clock.run(asker.agent.describe(noLeaseOf(home.agent), address));
    await expect(none).rejects.toBeInstanceOf(Revoked);
    home.kill();
    const gone = world.clock.run(asker.agent.describe(noLeaseOf(home.agent), address));
    await expect(gone).rejects.toBeInstanceOf(Disconnected);
  });

  test('a lease that ends at home, whenever while it is attached, ends here or was never attached', async () => {
    for (const slots of [1, 0]) {
      for (let ms = 0; ms <= 12; ms++) {
        const { world, lease, held, home, address } = await farServedScene();
        await world.clock.run(held.release());
        await world.clock.settle();
        const { agent, card } = world.process({ far: true });
        world.network.delayMs = () => 1;
        world.fabric.delayMs = () => 1;
        const attached = outcome(agent.attach(lease.id, { slots }, address));
        await world.clock.advance(ms);
        await lease.revoke();
        await world.clock.advance(1000);
        const result = await world.clock.run(attached);
        const status = result.status === 'fulfilled' ? result.value.status : result.reason.code.toLowerCase();
        expect(status).toBe('revoked');
        expect([agent.metrics.leasesActive, card.open, home.card.open]).toEqual([0, 0, 0]);
      }
    }
  });

  test('nothing is attached where no plane gets there', async () => {
    const { world, asker, address, lease } = await far();
    const attached = world.clock.run(asker.agent.attach(lease.id, { slots: 0 }, address));
    await expect(attached).rejects.toThrow(Unsupported);
    await expect(attached).rejects.toThrow('no plane reaches that host');
    await world.clock.settle();
    expect([asker.transport.open, asker.agent.metrics.leasesActive]).toEqual([0, 0]);
  });

  test('whoever asks for a lease all the same is refused, and the home goes on', async () => {
    const { world, asker, home, address, lease } = await far();
    const carrier = await world.clock.run(asker.network.connect(address));
    const heard: Message[] = [];
    carrier.open({ onMessage: (bytes) => heard.push(decodeMessage(bytes)), onClose: () => undefined });
    carrier.send(encodeMessage(helloOf()), []);
    carrier.send(
      encodeMessage({
        type: 'attach',
        seq: 1,
        lease: leaseIdToBytes(lease.id),
        slots: 0,
        holder: new Uint8Array(16),
      }),
      [],
    );
    await world.clock.settle();
    expect(heard.at(-1)).toMatchObject({ type: 'refused', seq: 1, code: 'Unsupported' });
    expect(lease.status).toBe('active');
    expect(home.transport.open).toBe(1);
  });

  test('a home that was started anew at the same address is another, and says so', async () => {
    const { world, asker, home, address, lease } = await far();
    await world.clock.run(asker.agent.describe(lease.id, address));
    home.kill();
    const anew = world.process();
    await world.clock.run(anew.agent.listenNetwork(address));
    const fresh = anew.agent.acquire({ minBytes: 1, leaseMs: 60_000, hugePages: false });
    // At the same time, too: what is asked of the one is not asked of the other.
    const described = [fresh, lease, fresh].map(({ id }) => outcome(asker.agent.describe(id, address)));
    expect(await world.clock.run(Promise.all(described))).toMatchObject([
      { value: { generation: 1 } },
      { reason: { code: 'Disconnected', message: expect.stringMatching(/restarted/) } },
      { value: { generation: 1 } },
    ]);
  });

  test('the death of a home is told to whoever watches it, and its being another to whoever meant this one', async () => {
    const { world, asker, home, address } = await far();
    const gone: string[] = [];
    await world.clock.run(asker.agent.watch(home.agent.id, address, () => gone.push('home')));
    const { id } = asker.agent;
    await world.clock.run(asker.agent.watch(id, address, () => gone.push('nobody')));
    await world.clock.settle();
    expect(gone).toEqual(['nobody']);
    home.kill();
    await world.clock.settle();
    expect(gone).toEqual(['nobody', 'home']);
  });

  test('nobody is served any more once the agent has closed', async () => {
    const { world, asker, home, address, lease } = await far();
    home.agent.close();
    const described = world.clock.run(asker.agent.describe(lease.id, address));
    await expect(described).rejects.toBeInstanceOf(Disconnected);
    expect(home.agent.networkAddress).toBeUndefined();
  });
});
