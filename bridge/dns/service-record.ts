// What is published about a service, and how it is read back from a file that anybody of this user may have written.
import * as v from 'valibot';
import { FabricError, MalformedFrame } from '../errors.ts';
import { type AgentId, isAgentId, isLeaseId, type LeaseId } from '../lease/lease-id.ts';
import { serviceNameLengthMax } from '../limits.ts';
import { isNetworkAddress, networkAddressLengthMax } from '../network-address.ts';
import type { PlaneName } from '../plane/plane.ts';

const planeNames = ['local', 'cxl', 'rdma', 'tcp', 'sim'] as const satisfies PlaneName[];

/** A published instance of a service. */
export interface ServiceRecord {
  readonly service: string;
  /** Names this instance among those of its service: agent and lease. */
  readonly instance: string;
  /** The node it runs on. */
  readonly node: string;
  readonly agent: AgentId;
  readonly lease: LeaseId;
  readonly generation: number;
  /** Planes on which its lease can be reached, nearest first. */
  readonly planes: readonly PlaneName[];
  /** Where its agent is reached: on its own machine, the path of a socket; told by another machine, as `network`. */
  readonly address: string;
  /** Where other machines reach its agent, `host:port`, if it listens for them. */
  readonly network?: string;
}

/** A record, and what its agent says about it now. */
export interface ResolvedService extends ServiceRecord {
  readonly layout: string;
  readonly freeSlots: number;
  readonly remainingMs: number;
}

const text = (lengthMax: number) => v.pipe(v.string(), v.maxLength(lengthMax));

export const serviceNameShape: v.GenericSchema<unknown, string> = v.pipe(
  v.string(),
  v.check(isServiceName, 'not a service name'),
);

/** Exactly the fields of a record, whoever wrote them. */
export const serviceRecordShape: v.GenericSchema<unknown, ServiceRecord> = v.strictObject({
  service: serviceNameShape,
  instance: text(64),
  node: text(255),
  agent: v.pipe(
    v.string(),
    v.guard(isAgentId, () => 'not an agent id'),
  ),
  lease: v.pipe(
    v.string(),
    v.guard(isLeaseId, () => 'not a lease id'),
  ),
  generation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  planes: v.pipe(v.array(v.picklist(planeNames)), v.maxLength(planeNames.length)),
  address: text(networkAddressLengthMax),
  network: v.exactOptional(v.pipe(v.string(), v.check(isNetworkAddress, 'not host:port'))),
});

/** Letters, digits, `.`, `_` and `-`; begins with a letter or digit; at most 128 characters: always a safe file name. */
export function isServiceName(name: string): boolean {
  return name.length <= serviceNameLengthMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}

export function checkServiceName(name: string): void {
  if (isServiceName(name)) return;
  throw new RangeError(
    `a service's name is 1 to ${serviceNameLengthMax} letters, digits, '.', '_' or '-', not ${JSON.stringify(name)}`,
  );
}

/** Throws MalformedFrame for what is no record. */
export function parseServiceRecord(text: string): ServiceRecord {
  try {
    return v.parse(serviceRecordShape, JSON.parse(text));
  } catch (cause) {
    throw new MalformedFrame(`service record refused: ${FabricError.from(cause).message}`, { cause });
  }
}
