import { describe, expect, test } from 'vitest';
import { CapacityExceeded, Contention, LeaseExpired, Unsupported } from '../errors.ts';
import { granted, heldScene, servedScene } from '../world.test.support.ts';
import type { HomeLease } from './home-lease.ts';

const layout = { name: 'slots', slotCount: 3, slotStride: 4096 } as const;

function open(lease: HomeLease): { freed: number[] } {
  const freed: number[] = [];
  lease.openServer(layout, { slotFreed: (slot) => freed.push(slot) });
  return { freed };
}

describe('a server', () => {
  test('gives the lease its layout, here and in the control page', () => {
    const { lease } = granted();
    expect(lease.layout).toEqual({ name: 'none', slotCount: 0, slotStride: 0 });
    expect(lease.freeSlots).toBe(0);
    open(lease);
    expect(lease.layout).toEqual(layout);
    expect(lease.readLayout()).toEqual(layout);
    expect(lease.freeSlots).toBe(3);
  });

  test('is the only one', () => {
    const { lease } = granted();
    open(lease);
    expect(() => open(lease)).toThrow(Contention);
  });

  test('is not opened on a lease that has ended', async () => {
    const { world, lease } = granted({ leaseMs: 1000 });
    await world.clock.advance(1000);
    expect(() => open(lease)).toThrow(LeaseExpired);
  });
});

describe('slots', () => {
  test('are each assigned to one session, and no session is assigned twice', () => {
    const { lease } = granted();
    const { freed } = open(lease);
    const first = [lease.assignSlot(), lease.assignSlot(), lease.assignSlot()];
    expect(first.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
    expect(() => lease.assignSlot()).toThrow(Contention);
    lease.freeSlot(1);
    expect([freed, lease.sessionOf(1), lease.freeSlots]).toEqual([[1], undefined, 1]);
    const again = lease.assignSlot();
    expect(again.index).toBe(1);
    expect(first.map(({ session }) => session)).not.toContain(again.session);
    expect(lease.sessionOf(1)).toBe(again.session);
  });

  test('are not to be had without a server', () => {
    const { lease } = granted();
    expect(() => lease.assignSlot()).toThrow(Unsupported);
    expect(() => lease.claimClientSlot()).toThrow(Unsupported);
  });

  test('are not freed any more once the lease has ended', async () => {
    const { lease } = granted();
    const { freed } = open(lease);
    lease.assignSlot();
    await lease.release();
    lease.freeSlot(0);
    expect(freed).toEqual([]);
  });

  test('run out after 2^20 sessions, so that no request id comes again', () => {
    const { lease } = granted();
    open(lease);
    for (let session = 0; session < 2 ** 20; session++) {
      const slot = lease.assignSlot();
      if (slot.session !== session) expect(slot.session).toBe(session);
      lease.freeSlot(slot.index);
    }
    expect(() => lease.assignSlot()).toThrow(CapacityExceeded);
    expect(lease.freeSlots).toBe(3);
  });

  test('that could not be given are free again, here and for holders', async () => {
    const { world, lease } = granted();
    open(lease);
    world.machine.freeDoorbells = 0;
    expect(() => lease.claimClientSlot()).toThrow(CapacityExceeded);
    const attached = world.process().agent.attach(lease.id, { slot: true });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(CapacityExceeded);
    expect(lease.freeSlots).toBe(3);
    world.machine.freeDoorbells = 1;
    expect(lease.claimClientSlot()).toMatchObject({ index: 0 });
  });
});

describe('holders', () => {
  test('hear of a renewal and of the end', async () => {
    const { world, lease, held } = await heldScene({ leaseMs: 1000 });
    await lease.renew(5000);
    await world.clock.settle();
    expect(held.remainingMs).toBeGreaterThan(4900);
    expect(await lease.revoke()).toBe('torn-down');
    await world.clock.settle();
    expect([lease.status, held.status]).toEqual(['revoked', 'revoked']);
  });

  test('read and write nothing of a lease that was revoked, even before they hear of it', async () => {
    const { world, lease, held } = await heldScene();
    world.network.delayMs = () => 1_000;
    await lease.revoke();
    await expect(held.memory.write(0, Uint8Array.of(1))).rejects.toMatchObject({ code: 'Revoked' });
    await expect(held.memory.read(0, 1)).rejects.toMatchObject({ code: 'Revoked' });
  });

  test('that die free their slots, which are wiped', async () => {
    const { world, lease, held, holder } = await servedScene();
    held.window.arena.fill(0xaa, 0, 65536);
    holder.kill();
    await world.clock.settle();
    expect(lease.freeSlots).toBe(1);
    expect(lease.window.arena.every((byte) => byte === 0)).toBe(true);
  });
});

test('what a lease took is given back when it ends', async () => {
  const { world, home, lease, held } = await servedScene();
  const whole = 2 ** 30;
  expect(world.machine.freeBytes).toBe(whole - 65536 - 4096);
  await lease.release();
  await world.clock.settle();
  expect(held.status).toBe('released');
  expect(world.machine.freeBytes).toBe(whole);
  expect(world.machine.attachments.open).toBe(0);
  expect(home.agent.metrics).toMatchObject({ leasesActive: 0, leasesReleased: 1 });
});
