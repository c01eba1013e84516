// The slots layout: many clients, several calls in flight each. Slot i begins at i * stride; request and response share
// it. grafOS documents the header, and leaves three bytes of it open; all numbers little-endian.
//
//     offset  size  field
//          0     8  request id      strictly increasing in a session; its high 20 bits are the client's session
//          8     4  method id
//         12     1  status
//         13     1  zero
//         14     2  deadline        what the caller still waits, see deadlineCode(); 0 for ever
//         16     4  payload bytes   from here to the payload's end: what is beyond the slot follows, fragment by fragment
//         20     n  payload
//
// Who may write: the client owns the slot from the moment it takes a response (or attaches) until it publishes a request;
// the server owns it from then until it publishes the response. A payload that is longer than the slot goes in fragments:
// whoever gets one publishes `goOn`, and the sender puts the next one in, under the same id.
import type { SlotLayout } from '../lease/control-page.ts';

/** What a slot holds, beside the classic layout's statuses. */
export const goOn = 5;
/** A request that opens a stream, see stream-layout.ts. */
export const openStream = 6;

export const headerBytes = 20;
export const idLowAt = 0;
export const idHighAt = 4;
export const methodAt = 8;
export const statusAt = 12;
export const deadlineAt = 14;
export const lengthAt = 16;
export const payloadAt: number = headerBytes;

const cacheLineBytes = 64;

/** From one slot to the next: a multiple of the cache line, so that no two slots share one. */
export function slotStride(payloadBytes: number): number {
  return Math.ceil((headerBytes + payloadBytes) / cacheLineBytes) * cacheLineBytes;
}

/** What a slot's payload may take. */
export function slotPayloadBytes({ slotStride: stride }: SlotLayout): number {
  return stride - headerBytes;
}

const mantissaBits = 11;
const mantissaMax: number = 2 ** mantissaBits - 1;
const exponentMax = 31;

/**
 * Milliseconds in 16 bits: an exponent of two in the upper 5, and 11 bits that are multiplied by it. Rounded up, by at most
 * a thousandth; 0 stands for no deadline, or one too far away to be told.
 */
export function deadlineCode(ms: number): number {
  if (ms <= mantissaMax) return Math.max(1, Math.ceil(ms));
  const exponent = Math.floor(Math.log2(ms)) - mantissaBits + 1;
  const mantissa = Math.ceil(ms / 2 ** exponent);
  const carried = mantissa > mantissaMax;
  if (exponent + Number(carried) > exponentMax || !(ms < Number.POSITIVE_INFINITY)) return 0;
  return carried ? ((exponent + 1) << mantissaBits) | (mantissa / 2) : (exponent << mantissaBits) | mantissa;
}

/** Milliseconds; Infinity for none. */
export function deadlineOfCode(code: number): number {
  if (code === 0) return Number.POSITIVE_INFINITY;
  return (code & mantissaMax) * 2 ** (code >>> mantissaBits);
}
