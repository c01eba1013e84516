// Where things are on the two nodes: homes on a, holders on b, and what each is told of the other.
import type { RigNode } from '../rig/rig-node.ts';

/** Homes of the suite are asked for here, and one of them is known to all: it tells of the services of the others. */
export const homeHostPort = 7000;
export const knownHomePort = 7070;

/** Of a process on this node whose leases others reach. */
export function homeEnvironment({ address }: RigNode, port = 0): Record<string, string> {
  return { LEASEWIRE_LISTEN: `${address}:${port}`, LEASEWIRE_INSECURE: '1' };
}

/** Of a process on another node that finds services at this one. */
export function holderEnvironment({ address }: RigNode): Record<string, string> {
  return { LEASEWIRE_PEERS: `${address}:${knownHomePort}`, LEASEWIRE_INSECURE: '1' };
}
