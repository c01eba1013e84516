// A node as a home: it serves under a name, and grants leases to whoever calls. A lease that nobody takes, or renews any
// more, is over in time.
import { type FabricDns, type LeaseId, RpcServer, type ServiceRecord } from '#bridge';
import type { Process } from '../process.ts';

export const grantMethod = 1;
const idBytes = 16;
const countBytes = 2;

const slots = 32;
const slotPayloadBytes = 172;
const serviceBytes = 8192;
/** Longer than any run. */
const serviceMs = 24 * 3_600_000;

/** Serves until the process dies. */
export async function serveGrants(
  { agent }: Process,
  dns: FabricDns,
  service: string,
  leaseMs: number,
): Promise<ServiceRecord> {
  const lease = agent.acquire({ minBytes: serviceBytes, leaseMs: serviceMs, hugePages: false });
  const server = new RpcServer(lease, { wait: 'event', slots, slotPayloadBytes });
  const handle = (_methodId: number, payload: Uint8Array) => {
    const granted = Array.from({ length: decodeCount(payload) }, () =>
      agent.acquire({ minBytes: 1, leaseMs, hugePages: false }),
    );
    return encodeIds(granted.map(({ id }) => id));
  };
  server.serve({ handle }).catch(() => undefined); // It rejects when the lease ends.
  return dns.register(service, { lease });
}

export function encodeCount(count: number): Uint8Array {
  const bytes = Buffer.alloc(countBytes);
  bytes.writeUInt16LE(count);
  return bytes;
}

function decodeCount(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt16LE();
}

function encodeIds(ids: readonly LeaseId[]): Uint8Array {
  return Buffer.from(ids.join(''), 'hex');
}

export function decodeIds(bytes: Uint8Array): LeaseId[] {
  const text = Buffer.from(bytes).toString('hex');
  const digits = 2 * idBytes;
  return Array.from({ length: text.length / digits }, (_, i) => text.slice(i * digits, (i + 1) * digits) as LeaseId);
}
