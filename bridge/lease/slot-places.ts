// Whether a lease can hold what its layout says: a home's word, which a holder checks before it believes it.
import { MalformedFrame } from '../errors.ts';
import type { SlotRange } from '../plane/slot-board.ts';
import { arenaBytesMin } from '../rpc/classic-layout.ts';
import { slotStride } from '../rpc/slots-layout.ts';
import type { SlotLayout } from './control-page.ts';

/** Throws MalformedFrame unless `slots` are slots of a lease of so many bytes in this layout. */
export function checkSlots(layout: SlotLayout, slots: SlotRange, arenaBytes: number): void {
  const { name, slotCount, slotStride: stride } = layout;
  const { client, first, count } = slots;
  const fits = {
    none: false,
    classic: slotCount === 1 && arenaBytes >= arenaBytesMin,
    slots: stride >= slotStride(0) && stride % slotStride(0) === 0 && slotCount * stride <= arenaBytes,
    queue: slotCount === 1,
  }[name];
  if (fits && first + count <= slotCount && client < slotCount) return;
  const where = `client ${client}, slots ${first} to ${first + count - 1}`;
  throw new MalformedFrame(`${where} of ${slotCount} × ${stride} bytes (${name}) in a lease of ${arenaBytes} bytes`);
}
