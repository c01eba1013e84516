// Arbitrary messages of the control protocol, well-formed ones.
import fc from 'fast-check';
import { type FabricErrorCode, fabricErrorNumbers } from '../errors.ts';
import { type AgentId, agentIdToBytes } from '../lease/lease-id.ts';
import { wellFormedText } from '../text.test.support.ts';
import { type Hello, type Message, protocolVersion } from './messages.ts';

const uint32 = fc.nat(2 ** 32 - 1);
const seq = uint32;
const lease = fc.uint8Array({ minLength: 16, maxLength: 16 });
const generation = fc.maxSafeNat();
const arenaBytes = fc.nat(2 ** 31);
const milliseconds = fc.double({ min: 0, max: 30 * 24 * 3600 * 1000, noNaN: true }).map((ms) => ms + 0);
const slot = fc.option(fc.record({ index: fc.nat(59), session: fc.nat(2 ** 20 - 1) }));
const layout = fc.record({
  name: fc.constantFrom('none' as const, 'classic' as const, 'slots' as const),
  slotCount: fc.nat(60),
  slotStride: arenaBytes,
});
const code = fc.constantFrom(...(Object.keys(fabricErrorNumbers) as FabricErrorCode[]));
const reason = fc.constantFrom('expired' as const, 'revoked' as const, 'released' as const, 'fenced' as const);
const message = wellFormedText(60);

const shapes = {
  hello: { version: fc.constant(protocolVersion), agent: fc.uint8Array({ minLength: 8, maxLength: 8 }) },
  attach: { seq, lease, slot: fc.boolean() },
  detach: { seq, lease, generation },
  renew: { seq, lease, generation, leaseMs: milliseconds },
  remaining: { seq, lease, generation },
  describe: { seq, lease },
  attached: { seq, generation, arenaBytes, leaseMs: milliseconds, remainingMs: milliseconds, slot },
  description: { seq, generation, arenaBytes, remainingMs: milliseconds, layout, freeSlots: fc.nat(60) },
  time: { seq, remainingMs: milliseconds },
  done: { seq },
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
