import { describe, expect, test } from 'vitest';
import { CapacityExceeded, Contention, LeaseExpired, Unsupported } from '../errors.ts';
import type { SlotRange } from '../plane/slot-board.ts';
import { granted, heldScene, servedScene } from '../world.test.support.ts';
import type { HomeLease } from './home-lease.ts';

const layout = { name: 'slots', slotCount: 3, slotStride: 4096 } as const;

function open(lease: HomeLease): { freed: number[] } {
  const freed: number[] = [];
  lease.openServer(layout, { clientCame: () => undefined, clientGone: ({ first }) => freed.push(first) });
  return { freed };
}

describe('a server', () => {
  test('gives the lease its layout, here and in the control page', () => {
    const { lease } = granted();
    expect(lease.layout).toEqual({ name: 'none', slotCount: 0, slotStride: 0 });
    expect(lease.freeSlotCount).toBe(0);
    open(lease);
    expect(lease.layout).toEqual(layout);
    expect(lease.readLayout()).toEqual(layout);
    expect(lease.freeSlotCount).toBe(3);
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
    const first = [lease.assignSlots(1), lease.assignSlots(1), lease.assignSlots(1)];
    expect(first.map(({ first: at }) => at).sort()).toEqual([0, 1, 2]);
    expect(() => lease.assignSlots(1)).toThrow(CapacityExceeded);
    lease.freeSlots(first[1] as SlotRange);
    expect([freed, lease.sessionOf(1), lease.freeSlotCount]).toEqual([[1], undefined, 1]);
    const again = lease.assignSlots(1);
    expect(again).toMatchObject({ client: 1, first: 1, count: 1 });
    expect(first.map(({ session }) => session)).not.toContain(again.session);
    expect(lease.sessionOf(1)).toBe(again.session);
  });

  test('are not to be had without a server', () => {
    const { lease } = granted();
    expect(() => lease.assignSlots(1)).toThrow(Unsupported);
    expect(() => lease.claimClientSlots(1)).toThrow(Unsupported);
  });

  test('are not freed any more once the lease has ended', async () => {
    const { lease } = granted();
    const { freed } = open(lease);
    const slots = lease.assignSlots(1);
    await lease.release();
    lease.freeSlots(slots);
    expect(freed).toEqual([]);
  });

  test('run out after 2^20 sessions, so that no request id comes again', () => {
    const { lease } = granted();
    open(lease);
    for (let session = 0; session < 2 ** 20; session++) {
      const slots = lease.assignSlots(1);
      if (slots.session !== session) expect(slots.session).toBe(session);
      lease.freeSlots(slots);
    }
    expect(() => lease.assignSlots(1)).toThrow(CapacityExceeded);
    expect(lease.freeSlotCount).toBe(3);
  });

  test('that could not be given are free again, here and for holders', async () => {
    const { world, lease } = granted();
    open(lease);
    world.machine.freeDoorbells = 0;
    expect(() => lease.claimClientSlots(1)).toThrow(CapacityExceeded);
    const attached = world.process().agent.attach(lease.id, { slots: 1 });
    await expect(world.clock.run(attached)).rejects.toBeInstanceOf(CapacityExceeded);
    expect(lease.freeSlotCount).toBe(3);
    world.machine.freeDoorbells = 1;
    expect(lease.claimClientSlots(1)).toMatchObject({ first: 0 });
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
    expect(lease.freeSlotCount).toBe(1);
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
