// Which RDMA device of a node has its address, as perftest wants to be told.
import { NodeFailed } from '../rig/errors.ts';
import type { RigNode } from '../rig/rig-node.ts';

export interface RdmaDevice {
  readonly name: string;
  readonly port: number;
  /** Of the RoCE v2 address over IPv4. */
  readonly gidIndex: number;
}

/** The table's entries with that address, as paths. Only those of RoCE v2: the same address may be there for v1. */
const FIND = `cd /sys/class/infiniband && for gid in $(grep -lsx "$0" */ports/*/gids/*); do
  grep -qsx 'RoCE v2' "$(dirname "$(dirname "$gid")")/gid_attrs/types/$(basename "$gid")" && echo "$gid"; done`;

/** Rejects with NodeFailed if there is none. */
export async function rdmaDeviceOf(node: RigNode): Promise<RdmaDevice> {
  const { stdout } = await node.run('sh', ['-c', FIND, mappedAddress(node.address)]);
  const [, name, port, gidIndex] = /^([^/\n]+)\/ports\/(\d+)\/gids\/(\d+)$/m.exec(stdout) ?? [];
  if (name === undefined) throw new NodeFailed(`node ${node.name}: no RDMA device has ${node.address} for RoCE v2`);
  return { name, port: Number(port), gidIndex: Number(gidIndex) };
}

/** ::ffff:a.b.c.d, in the form that the kernel prints. */
export function mappedAddress(ipv4: string): string {
  const hexadecimal = ipv4.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const [a, b, c, d] = hexadecimal;
  return `0000:0000:0000:0000:0000:ffff:${a}${b}:${c}${d}`;
}
