// What each field of a control message may hold, whoever sent it.
import * as v from 'valibot';
import { serviceNameShape, serviceRecordShape } from '../dns/service-record.ts';
import { type FabricErrorCode, fabricErrorNumbers } from '../errors.ts';
import { type LayoutName, layoutIds } from '../lease/control-page.ts';
import { agentIdBytes, leaseIdBytes } from '../lease/lease-id.ts';
import { arenaUnitBytes, leaseBytesMax, leaseMsMax, leaseMsMin, planeBodyBytesMax, servicesMax } from '../limits.ts';
import { boardSlotsMax, clientSlotsMax } from '../plane/slot-board.ts';
import { holderKeyBytes, type Message, sessionMax } from './messages.ts';

const uint = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
const seq = uint(2 ** 32 - 1);
const id = (length: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((bytes) => bytes.length === length, `not ${length} bytes`),
  );
const agent = id(agentIdBytes);
const lease = id(leaseIdBytes);
const holder = id(holderKeyBytes);
const generation = uint(Number.MAX_SAFE_INTEGER);
const arenaBytes = v.pipe(uint(leaseBytesMax), v.minValue(arenaUnitBytes), v.multipleOf(arenaUnitBytes));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(leaseMsMax));
/** A time to ask for: what a lease can last. */
const leaseMs = v.pipe(milliseconds, v.minValue(leaseMsMin));
const names = <T extends string>(table: Record<T, unknown>) => v.picklist(Object.keys(table) as T[]);

const slots = v.strictObject({
  client: uint(boardSlotsMax - 1),
  first: uint(boardSlotsMax - 1),
  count: v.pipe(uint(clientSlotsMax), v.minValue(1)),
  session: uint(sessionMax),
});
const planeBody = v.pipe(v.instance(Uint8Array), v.maxLength(planeBodyBytesMax));
const layout = v.strictObject({
  name: names<LayoutName>(layoutIds),
  slotCount: uint(boardSlotsMax),
  slotStride: uint(leaseBytesMax),
});

/** A greeting, as far as all versions agree on it. */
export const anyGreeting: v.GenericSchema<unknown, { readonly version: number }> = v.object({
  type: v.literal('hello'),
  version: uint(2 ** 16),
});

/** A message of the protocol: exactly its fields, each within its bounds. */
export const messageShape: v.GenericSchema<unknown, Message> = v.variant('type', [
  v.strictObject({ type: v.literal('hello'), version: uint(2 ** 16), agent }),

  v.strictObject({ type: v.literal('attach'), seq, lease, slots: uint(clientSlotsMax), holder }),
  v.strictObject({ type: v.literal('detach'), seq, lease, generation }),
  v.strictObject({ type: v.literal('renew'), seq, lease, generation, leaseMs }),
  v.strictObject({ type: v.literal('remaining'), seq, lease, generation }),
  v.strictObject({ type: v.literal('describe'), seq, lease }),
  v.strictObject({ type: v.literal('plane'), seq, body: planeBody }),
  v.strictObject({ type: v.literal('resolve'), seq, service: serviceNameShape }),

  v.strictObject({
    type: v.literal('attached'),
    seq,
    generation,
    arenaBytes,
    leaseMs: milliseconds,
    remainingMs: milliseconds,
    slots: v.nullable(slots),
    layout,
    offer: v.nullable(planeBody),
  }),
  v.strictObject({
    type: v.literal('description'),
    seq,
    generation,
    arenaBytes,
    remainingMs: milliseconds,
    layout,
    freeSlots: uint(boardSlotsMax),
  }),
  v.strictObject({ type: v.literal('time'), seq, remainingMs: milliseconds }),
  v.strictObject({ type: v.literal('done'), seq }),
  v.strictObject({ type: v.literal('plane-answer'), seq, body: planeBody }),
  v.strictObject({
    type: v.literal('services'),
    seq,
    records: v.pipe(v.array(serviceRecordShape), v.maxLength(servicesMax)),
  }),
  v.strictObject({
    type: v.literal('refused'),
    seq,
    code: names<FabricErrorCode>(fabricErrorNumbers),
    message: v.pipe(v.string(), v.maxLength(1024)),
  }),

  v.strictObject({ type: v.literal('renewed'), lease, generation }),
  v.strictObject({
    type: v.literal('ended'),
    lease,
    generation,
    reason: v.picklist(['expired', 'revoked', 'released', 'fenced']),
  }),
]);
