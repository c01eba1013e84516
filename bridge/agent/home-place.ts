// Where a home is found, and which of the connections to it is meant: over one, a lease is attached once.
import type { AgentId } from '../lease/lease-id.ts';
import { formatNetworkAddress, type NetworkAddress } from '../network-address.ts';

/** Where an agent is reached: the path of its socket on this machine, or an address of the network. */
export type AgentAddress = string | NetworkAddress;

export interface HomePlace {
  readonly address: AgentAddress;
  /** Which agent is expected there; undefined for whoever it is. */
  readonly peer?: AgentId;
  /** Counts the connections, from 0. */
  readonly ordinal?: number;
}

/** By address and agent: what answers at an address today need not be what answered there yesterday. */
export function nameOfPlace({ address, peer, ordinal = 0 }: HomePlace): string {
  const name = typeof address === 'string' ? address : `tcp://${formatNetworkAddress(address)}`;
  return `${peer ?? 'whoever'} ${name} ${ordinal}`;
}
