// A lease id is a u128: the id of the agent that granted it (high 64 bits), then 64 random bits. So an id alone says
// whom to ask. In text it is 32 lower-case hexadecimal digits.
import { Unsupported } from '../errors.ts';

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

/** `leasewire:///<lease id>`: a lease on this machine. */
export function leaseUrl(lease: LeaseId): string {
  return `leasewire:///${lease}`;
}

/**
 * Reads a lease id or a lease URL. Throws TypeError if it is neither, and Unsupported if the URL names another host:
 * the planes that reach one are not part of this version.
 */
export function parseLeaseReference(reference: string): LeaseId {
  if (isLeaseId(reference)) return reference;
  const match = /^leasewire:\/\/([^/]*)\/([0-9a-f]{32})$/.exec(reference);
  const id = match?.[2];
  if (id === undefined || !isLeaseId(id)) {
    throw new TypeError(`not a lease id (32 hex digits) or lease URL (leasewire:///id): ${JSON.stringify(reference)}`);
  }
  if (match?.[1]) throw new Unsupported(`lease URLs that name a host are not supported yet: ${reference}`);
  return id;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
