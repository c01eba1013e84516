// Arbitrary messages of the control protocol, well-formed ones.
import fc from 'fast-check';
import type { ServiceRecord } from '../dns/service-record.ts';
import { type FabricErrorCode, fabricErrorNumbers } from '../errors.ts';
import { type AgentId, agentIdToBytes, type LeaseId } from '../lease/lease-id.ts';
import { arenaUnitBytes, leaseMsMin } from '../limits.ts';
import { wellFormedText } from '../text.test.support.ts';
import { type Hello, type Message, protocolVersion } from './messages.ts';

const uint32 = fc.nat(2 ** 32 - 1);
const seq = uint32;
const lease = fc.uint8Array({ minLength: 16, maxLength: 16 });
const generation = fc.maxSafeNat();
const arenaBytes = fc.integer({ min: 1, max: 2 ** 25 }).map((lines) => lines * arenaUnitBytes);
const holder = fc.uint8Array({ minLength: 16, maxLength: 16 });
const milliseconds = fc.double({ min: 0, max: 30 * 24 * 3600 * 1000, noNaN: true }).map((ms) => ms + 0);
const slots = fc.option(
  fc.record({
    client: fc.nat(65535),
    first: fc.nat(65535),
    count: fc.integer({ min: 1, max: 1024 }),
    session: fc.nat(2 ** 20 - 1),
  }),
);
const layout = fc.record({
  name: fc.constantFrom('none' as const, 'classic' as const, 'slots' as const),
  slotCount: fc.nat(60),
  slotStride: fc.nat(2 ** 31),
});
const planeBody = fc.uint8Array({ maxLength: 1024 });
const offer = fc.option(planeBody);
const code = fc.constantFrom(...(Object.keys(fabricErrorNumbers) as FabricErrorCode[]));
const reason = fc.constantFrom('expired' as const, 'revoked' as const, 'released' as const, 'fenced' as const);
const message = wellFormedText(60);

const serviceName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const lowerHex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

/** Any well-formed service record. */
export const anyServiceRecord: fc.Arbitrary<ServiceRecord> = fc.record(
  {
    service: serviceName,
    instance: wellFormedText(12),
    node: wellFormedText(50),
    agent: lowerHex(16) as fc.Arbitrary<AgentId>,
    lease: lowerHex(32) as fc.Arbitrary<LeaseId>,
    generation: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    planes: fc.uniqueArray(fc.constantFrom('local' as const, 'cxl' as const, 'rdma' as const)),
    address: wellFormedText(50),
    network: fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65535 })).map(([host, port]) => `${host}:${port}`),
  },
  { requiredKeys: ['service', 'instance', 'node', 'agent', 'lease', 'generation', 'planes', 'address'] },
);

const shapes = {
  hello: { version: fc.constant(protocolVersion), agent: fc.uint8Array({ minLength: 8, maxLength: 8 }) },
  attach: { seq, lease, slots: fc.nat(1024), holder },
  detach: { seq, lease, generation },
  renew: { seq, lease, generation, leaseMs: milliseconds.map((ms) => Math.max(ms, leaseMsMin)) },
  remaining: { seq, lease, generation },
  describe: { seq, lease },
  plane: { seq, body: planeBody },
  'plane-answer': { seq, body: planeBody },
  resolve: { seq, service: serviceName },
  attached: {
    seq,
    generation,
    arenaBytes,
    leaseMs: milliseconds,
    remainingMs: milliseconds,
    slots,
    layout,
    offer,
  },
  description: { seq, generation, arenaBytes, remainingMs: milliseconds, layout, freeSlots: fc.nat(60) },
  time: { seq, remainingMs: milliseconds },
  done: { seq },
  services: { seq, records: fc.array(anyServiceRecord, { maxLength: 8 }) },
  refused: { seq, code, message },
  renewed: { lease, generation },
  ended: { lease, generation, reason },
} satisfies Record<Message['type'], Record<string, fc.Arbitrary<unknown>>>;

export const messageTypes: readonly Message['type'][] = Object.keys(shapes) as Message['type'][];

/** A well-formed message of the given type. */
export function messageOf(type: Message['type']): fc.Arbitrary<Message> {
  const fields: Record<string, fc.Arbitrary<unknown>> = shapes[type];
  return fc.record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<Message>;
}

/** Any well-formed message. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...messageTypes.map(messageOf));

/** The greeting of some agent. */
export function helloOf(agent: AgentId = '0123456789abcdef' as AgentId): Hello {
  return { type: 'hello', version: protocolVersion, agent: agentIdToBytes(agent) };
}
