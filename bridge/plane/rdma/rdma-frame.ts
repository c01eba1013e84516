// What an immediate says: which binding, and the status that follows the bytes of the same WRITE. A WRITE's bytes are
// there before its immediate is, so the status travels in this alone, never as a byte in memory.
//
//     bits  31 … 8  binding      numbers a holder's slots of one lease in its session; never used twice there
//            7 … 0  status       a slot's status; 7 the call in it is cancelled; 8 a stream's batch is in it; 9 a stream's
//                                batch in it was taken; 16 to 18 a notice of index-flow.ts; or from 240 on: the lease has
//                                ended, by its status byte
import { invariant } from '../../invariant.ts';
import { type EndReason, leaseStatusBytes, leaseStatusOfByte } from '../../lease/lease-status.ts';
import { entryKinds } from '../slot-board.ts';

export const bindingMax: number = 2 ** 24 - 1;
const endedFrom = 240;

export function frameOf(binding: number, status: number): number {
  return ((binding << 8) | status) >>> 0;
}

export function endedFrameOf(binding: number, reason: EndReason): number {
  return frameOf(binding, endedFrom + leaseStatusBytes[reason]);
}

export function bindingOf(frame: number): number {
  return frame >>> 8;
}

/** A slot's status, 1 … 239; 0 if the frame holds none. */
export function statusOf(frame: number): number {
  const status = frame & 0xff;
  return status < endedFrom ? status : 0;
}

/** What a frame says beside statuses, from this number on: the kinds of the board's entries. */
const toldFrom = 7;
const toldKinds: readonly number[] = [entryKinds.cancel, entryKinds.data, entryKinds.taken];

export function frameStatusOf(kind: number): number {
  const index = toldKinds.indexOf(kind);
  invariant(index >= 0, 'every kind of entry has a frame');
  return toldFrom + index;
}

/** The kind of entry that a frame's status stands for; undefined if it is a slot's own. */
export function entryKindOf(status: number): number | undefined {
  return toldKinds[status - toldFrom];
}

/** Why the lease has ended; undefined if the frame does not say so. */
export function endOf(frame: number): EndReason | undefined {
  const status = frame & 0xff;
  if (status <= endedFrom) return undefined;
  const end = leaseStatusOfByte(status - endedFrom);
  return end === 'active' ? undefined : end;
}
