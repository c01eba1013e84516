// What the two ends of a far link say through the control connection: one number each, u32 little-endian.
import { MalformedFrame } from '#bridge';

export function encodeNumber(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

/** Throws MalformedFrame for what is no number. */
export function decodeNumber(body: Uint8Array | null): number {
  if (body?.length === 4) return new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true);
  throw new MalformedFrame(`the far plane was told ${body?.length ?? 'no'} bytes, not 4`);
}
