import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedFrame } from '../errors.ts';
import { controlFrameBytesMax } from '../limits.ts';
import { FrameReader, frameOf } from './frame-reader.ts';

const message = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.integer({ min: 1, max: controlFrameBytesMax }).map((bytes) => new Uint8Array(bytes).fill(bytes)),
);

const lengthOf = (bytes: number) => {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, bytes, true);
  return header;
};

/** Cuts bytes into pieces at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

test('a frame is the length, little-endian, then the message', () => {
  expect(frameOf(Uint8Array.of(7, 8, 9))).toEqual(Uint8Array.of(3, 0, 0, 0, 7, 8, 9));
  expect(frameOf(new Uint8Array(0x3fe)).subarray(0, 4)).toEqual(Uint8Array.of(0xfe, 3, 0, 0));
});

test('messages come out as they went in, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, places) => {
      const stream = new Uint8Array(Buffer.concat(messages.map(frameOf)));
      const reader = new FrameReader();
      const read = cut(stream, places).flatMap((piece) => [...reader.read(piece)]);
      expect(read.length).toBe(messages.length);
      for (const [index, each] of messages.entries()) expect(Buffer.compare(read[index] as Uint8Array, each)).toBe(0);
    }),
  );
});

test('messages come out byte by byte, each at its last byte', () => {
  const reader = new FrameReader();
  const stream = Buffer.concat([Uint8Array.of(1, 2), Uint8Array.of(3)].map(frameOf));
  const counts = [...stream].map((byte) => [...reader.read(Uint8Array.of(byte))].length);
  expect(counts).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
});

test('messages are the reader’s own: what the stream’s buffer holds next does not change them', () => {
  const piece = frameOf(Uint8Array.of(1, 2, 3));
  const [read] = [...new FrameReader().read(piece)];
  piece.fill(0);
  expect(read).toEqual(Uint8Array.of(1, 2, 3));
});

describe('a length', () => {
  test.each([0, controlFrameBytesMax + 1, 65536, 2 ** 31, 2 ** 32 - 1])('of %d is MalformedFrame', (bytes) => {
    expect(() => [...new FrameReader().read(lengthOf(bytes))]).toThrow(MalformedFrame);
  });

  test('that is none is told after the messages before it', () => {
    const stream = Buffer.concat([frameOf(Uint8Array.of(1)), lengthOf(0)]);
    const read: Uint8Array[] = [];
    expect(() => {
      for (const each of new FrameReader().read(stream)) read.push(each);
    }).toThrow(MalformedFrame);
    expect(read).toEqual([Uint8Array.of(1)]);
  });

  test('of a whole frame is fine, at both ends of what is allowed', () => {
    for (const bytes of [1, controlFrameBytesMax]) {
      expect([...new FrameReader().read(frameOf(new Uint8Array(bytes)))].map(({ length }) => length)).toEqual([bytes]);
    }
  });
});
