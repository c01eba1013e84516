// A lease id is a u128: the id of the agent that granted it (high 64 bits), then 64 random bits. So an id alone says
// whom to ask. In text it is 32 lower-case hexadecimal digits.
import { formatNetworkAddress, type NetworkAddress, parseNetworkAddress } from '../network-address.ts';

declare const leaseIdBrand: unique symbol;
declare const agentIdBrand: unique symbol;

/** 32 lower-case hexadecimal digits. */
export type LeaseId = string & { readonly [leaseIdBrand]: true };
/** 16 lower-case hexadecimal digits: one agent in one run of one process, never used again. */
export type AgentId = string & { readonly [agentIdBrand]: true };

export const leaseIdBytes = 16;
export const agentIdBytes = 8;

export function newAgentId(random: Uint8Array): AgentId {
  return hex(random.subarray(0, agentIdBytes)) as AgentId;
}

export function newLeaseId(agent: AgentId, random: Uint8Array): LeaseId {
  return `${agent}${hex(random.subarray(0, leaseIdBytes - agentIdBytes))}` as LeaseId;
}

export function agentOf(lease: LeaseId): AgentId {
  return lease.slice(0, 2 * agentIdBytes) as AgentId;
}

export function isAgentId(text: string): text is AgentId {
  return /^[0-9a-f]{16}$/.test(text);
}

export function isLeaseId(text: string): text is LeaseId {
  return /^[0-9a-f]{32}$/.test(text);
}

export function agentIdToBytes(agent: AgentId): Uint8Array {
  return Uint8Array.from(Buffer.from(agent, 'hex'));
}

/** The id in 8 bytes, as it stands in a greeting. */
export function agentIdFromBytes(bytes: Uint8Array): AgentId {
  return hex(bytes) as AgentId;
}

export function leaseIdToBytes(lease: LeaseId): Uint8Array {
  return Uint8Array.from(Buffer.from(lease, 'hex'));
}

/** The id in 16 bytes, as they stand in the control page and in control messages. */
export function leaseIdFromBytes(bytes: Uint8Array): LeaseId {
  return hex(bytes) as LeaseId;
}

/** A lease, and where its home is reached over the network if that is known. */
export interface LeaseReference {
  readonly lease: LeaseId;
  readonly address: NetworkAddress | undefined;
}

/** `leasewire://host:port/<lease id>`, or `leasewire:///<lease id>` on this machine. */
export function leaseUrl(lease: LeaseId, address?: NetworkAddress): string {
  return `leasewire://${address === undefined ? '' : formatNetworkAddress(address)}/${lease}`;
}

/** Reads a lease id or a lease URL. Throws TypeError if it is neither. */
export function parseLeaseReference(reference: string): LeaseReference {
  const [, authority = '', id = ''] = /^leasewire:\/\/([^/]*)\/([0-9a-f]{32})$/.exec(reference) ?? ['', '', reference];
  if (!isLeaseId(id)) {
    const known = '32 hex digits, leasewire:///id or leasewire://host:port/id';
    throw new TypeError(`not a lease id or URL (${known}): ${JSON.stringify(reference)}`);
  }
  const address = authority === '' ? undefined : parseNetworkAddress(authority, { anyPort: false });
  return { lease: id, address };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
