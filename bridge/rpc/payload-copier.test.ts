import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { payloadBytesMax } from './classic-layout.ts';
import { PayloadCopier } from './payload-copier.ts';

const sourceBytes = 40_000;
/** Lengths around every bound that a copier may have, and any other. */
const length = fc.oneof(
  fc.constantFrom(0, 1, 7, 8, 63, 64, 65, 127, 128, 4096, 32_750, payloadBytesMax),
  fc.nat(300),
  fc.nat(payloadBytesMax),
);

function source(seed: number): Uint8Array {
  return Uint8Array.from({ length: sourceBytes }, (_, index) => (index * 31 + (index >> 8) + seed) & 0xff);
}

describe('a copy', () => {
  test('is of exactly the bytes from the offset on', () => {
    fc.assert(
      fc.property(fc.nat(sourceBytes - payloadBytesMax), fc.array(length, { maxLength: 20 }), (offset, lengths) => {
        const bytes = source(offset);
        const copier = new PayloadCopier(bytes, offset);
        for (const wanted of lengths) {
          const copied = copier.copy(wanted);
          expect(copied).toBeInstanceOf(Uint8Array);
          expect(copied).toHaveLength(wanted);
          expect(Buffer.compare(copied, bytes.subarray(offset, offset + wanted))).toBe(0);
        }
      }),
    );
  });

  test('is the caller’s alone: neither the source nor another copy changes it', () => {
    fc.assert(
      fc.property(fc.array(length, { minLength: 1, maxLength: 20 }), (lengths) => {
        const bytes = source(0);
        const copier = new PayloadCopier(bytes, 17);
        const copies = lengths.map((wanted, index) => {
          bytes.fill(index + 1);
          return copier.copy(wanted);
        });
        bytes.fill(0xff);
        for (const [index, copied] of copies.entries()) {
          expect(copied.every((byte) => byte === index + 1)).toBe(true);
          copied.fill(0xee);
        }
        for (const copied of copies) expect(copied.every((byte) => byte === 0xee)).toBe(true);
        expect(bytes.every((byte) => byte === 0xff)).toBe(true);
      }),
    );
  });

  test('never shares its buffer with the source', () => {
    const bytes = source(0);
    const copier = new PayloadCopier(bytes, 0);
    for (const wanted of [0, 1, 64, 65, 4096, payloadBytesMax]) {
      expect(copier.copy(wanted).buffer).not.toBe(bytes.buffer);
    }
  });

  test('takes any typed array laid over it, as users will', () => {
    const copier = new PayloadCopier(source(0), 17);
    for (const wanted of [8, 72, 80, 72, 1024, 8000]) {
      const copied = copier.copy(wanted);
      expect(new Float64Array(copied.buffer, copied.byteOffset, wanted / 8)).toHaveLength(wanted / 8);
      copier.copy(wanted + 3);
    }
  });

  test('of many megabytes, piece by piece, stays right', () => {
    const bytes = source(0);
    const copier = new PayloadCopier(bytes, 5);
    for (let i = 0; i < 3000; i++) {
      const wanted = (i * 7919) % payloadBytesMax;
      const copied = copier.copy(wanted);
      if (i % 100 === 0) expect(Buffer.compare(copied, bytes.subarray(5, 5 + wanted))).toBe(0);
    }
  });
});
