// What a process of a transcript can be told to do with leases and their memory.
import { FabricDns, MemBuilder, type MemLease } from '#sdk/api';
import { coreOf } from '#sdk/fabric';
import type { Desk } from './desk.ts';

export interface OfLease {
  readonly lease: string;
}

export interface At extends OfLease {
  readonly offset: number;
}

export interface Range extends At {
  readonly bytes: number;
}

/** Bytes of a range that are looked at: the first and the last of each page, so both halves of whatever is torn. */
const pageBytes = 4096;

export const leaseOrders = {
  async acquire(desk: Desk, request: OfLease & { readonly bytes?: number; readonly secs?: number }): Promise<string> {
    const { lease: name, bytes = 65536, secs = 60 } = request;
    const lease = await new MemBuilder().minBytes(bytes).leaseSecs(secs).acquire();
    keep(desk, name, lease);
    return lease.url;
  },

  async attach(desk: Desk, request: OfLease & { readonly url: string; readonly slots?: number }): Promise<null> {
    const { lease: name, url, slots = 1 } = request;
    const attached = MemBuilder.attach(url, { slots }).then((lease) => {
      keep(desk, name, lease);
      return `${lease.status}, ${lease.size} bytes`;
    });
    await desk.outcome(`attach ${name}`, attached, String);
    return null;
  },

  async renew(desk: Desk, { lease, secs }: OfLease & { readonly secs: number }): Promise<null> {
    await desk.outcome(`renew ${lease}`, desk.leases.get(lease).renew(secs), () => 'done');
    return null;
  },

  async release(desk: Desk, { lease }: OfLease): Promise<null> {
    await desk.outcome(`release ${lease}`, desk.leases.get(lease).release(), () => 'done');
    return null;
  },

  async revoke(desk: Desk, { lease }: OfLease): Promise<null> {
    await desk.outcome(`revoke ${lease}`, desk.leases.get(lease).revoke(), String);
    return null;
  },

  async status(desk: Desk, { lease: name }: OfLease): Promise<null> {
    const lease = desk.leases.get(name);
    desk.see(`status ${name}: ${lease.status}`);
    return null;
  },

  /** Returns once the lease has ended here. */
  async over(desk: Desk, { lease: name }: OfLease): Promise<null> {
    const lease = desk.leases.get(name);
    if (lease.status === 'active') await new Promise((resolve) => lease.onEnd(resolve));
    return null;
  },

  async read(desk: Desk, { lease, offset, bytes }: Range): Promise<null> {
    const hex = (read: Uint8Array) => Buffer.from(read).toString('hex');
    await desk.outcome(`read ${bytes} at ${offset}`, desk.leases.get(lease).mem().read(offset, bytes), hex);
    return null;
  },

  async write(desk: Desk, { lease, offset, values }: At & { readonly values: readonly number[] }): Promise<null> {
    const written = desk.leases.get(lease).mem().write(offset, Uint8Array.from(values));
    await desk.outcome(`write ${values.length} at ${offset}`, written, () => 'done');
    return null;
  },

  async swap(
    desk: Desk,
    { lease, offset, expected, desired }: At & { readonly expected: number; readonly desired: number },
  ): Promise<null> {
    const swapped = desk.leases.get(lease).mem().compareExchange(offset, BigInt(expected), BigInt(desired));
    await desk.outcome(`swap at ${offset}`, swapped, String);
    return null;
  },

  async add(desk: Desk, request: At & { readonly delta: number; readonly as?: string }): Promise<null> {
    const { lease, offset, delta, as } = request;
    const added = desk.leases.get(lease).mem().fetchAdd(offset, BigInt(delta));
    const seen = desk.outcome(`add at ${offset}`, added, String);
    if (as === undefined) await seen;
    else desk.begun.set(as, seen);
    return null;
  },

  /** Begins to write one value everywhere in a range, in so many WRITEs that are under way together; in one unless told. */
  async fill(
    desk: Desk,
    request: Range & { readonly value: number; readonly as: string; readonly writes?: number },
  ): Promise<null> {
    const { lease, offset, bytes, value, as, writes = 1 } = request;
    const mem = desk.leases.get(lease).mem();
    const each = new Uint8Array(bytes / writes).fill(value);
    const written = Promise.all(Array.from({ length: writes }, (_, i) => mem.write(offset + i * each.length, each)));
    desk.begun.set(
      as,
      desk.outcome(`fill ${as}`, written, () => 'done'),
    );
    return null;
  },

  /** How much of a range has a value, as read from the home's memory. */
  async sample(desk: Desk, { lease, offset, bytes, value }: Range & { readonly value: number }): Promise<null> {
    const read = desk.leases.get(lease).mem().read(offset, bytes);
    await desk.outcome(`sample of ${bytes}`, read, (copy) => shareOf(copy, value));
    return null;
  },

  /** At home: looks on until the first byte of a range has a value. */
  async firstByte(desk: Desk, { lease, offset, value }: At & { readonly value: number }): Promise<null> {
    const { window } = coreOf(desk.leases.get(lease));
    while (window.arena[offset] !== value) await looks(desk, () => window.arena[offset] === value);
    return null;
  },

  async settled(desk: Desk, { as }: { readonly as: string }): Promise<null> {
    await desk.begun.get(as);
    return null;
  },

  /** Returns once the process has seen that. */
  async saw(desk: Desk, { line }: { readonly line: string }): Promise<null> {
    await desk.saw(line);
    return null;
  },

  async register(desk: Desk, { service, lease }: OfLease & { readonly service: string }): Promise<null> {
    const dns = await desk.dns(() => FabricDns.open());
    await desk.outcome(`register ${service}`, dns.register(service, desk.servers.get(lease)), () => 'done');
    return null;
  },

  async clear(desk: Desk, _request: Record<string, never>): Promise<null> {
    await desk.clear();
    return null;
  },
} as const;

function keep(desk: Desk, name: string, lease: MemLease): void {
  desk.leases.set(name, lease);
  const core = coreOf(lease);
  core.onInterrupted(() => desk.see(`${name} is interrupted`));
  core.onResumed(() => desk.see(`${name} is resumed`));
  lease.onEnd((status) => desk.see(`${name} is over: ${status}`));
}

/** Looks some times, or until it holds, then lets the others have their turn. */
export async function looks(desk: Desk, holds: () => boolean): Promise<boolean> {
  for (let look = 0; look < desk.life.looksPerTurn; look++) if (holds()) return true;
  await desk.life.turn();
  return false;
}

export function shareOf(bytes: Uint8Array, value: number): 'none' | 'part' | 'whole' {
  let same = 0;
  let all = 0;
  for (let page = 0; page < bytes.length; page += pageBytes) {
    for (const at of [page, Math.min(page + pageBytes, bytes.length) - 1]) {
      all += 1;
      if (bytes[at] === value) same += 1;
    }
  }
  if (same === 0) return 'none';
  return same === all ? 'whole' : 'part';
}
