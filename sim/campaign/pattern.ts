// Bytes that tell where they come from: a pattern of their own for each payload, and a number at the beginning of those
// that have to be known again. What arrives is compared with what is made here once more, byte for byte.

/** A number, and its complement. */
export const numberBytes = 8;

/** `bytes` of them: the first is `first`, each other is `step` more, modulo 256. */
export function pattern(first: number, step: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  let byte = first & 0xff;
  for (let i = 0; i < bytes; i++) {
    payload[i] = byte;
    byte = (byte + step) & 0xff;
  }
  return payload;
}

/** The pattern of a number below 2^32, which stands at its beginning. */
export function numbered(number: number, step: number, bytes: number): Uint8Array {
  const payload = pattern(number, step, bytes);
  const view = new DataView(payload.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, ~number, true);
  return payload;
}

/** -1 for what has none. */
export function numberIn(payload: Uint8Array): number {
  if (payload.length < numberBytes) return -1;
  const view = new DataView(payload.buffer, payload.byteOffset);
  const number = view.getUint32(0, true);
  return view.getUint32(4, true) === ~number >>> 0 ? number : -1;
}
