import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedFrame } from '../errors.ts';
import { RemoteError, type RemoteErrorKind } from '../remote-error.ts';
import { wellFormedText } from '../text.test.support.ts';
import { decodeRemoteError, encodeRemoteError } from './error-payload.ts';

const kinds: Record<RemoteErrorKind, number> = {
  handler: 1,
  'unknown-method': 2,
  'malformed-request': 3,
  'response-too-large': 4,
  'invalid-input': 5,
  'invalid-output': 6,
};
const messageBytesMax = 4096;
const error = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as RemoteErrorKind[])),
  code: fc.integer(),
  message: wellFormedText(messageBytesMax / 16),
});

describe('an error', () => {
  test('arrives as it was thrown', () => {
    fc.assert(
      fc.property(error, ({ kind, code, message }) => {
        const decoded = decodeRemoteError(encodeRemoteError(new RemoteError(message, { kind, code })));
        expect(decoded).toBeInstanceOf(RemoteError);
        expect(decoded).toMatchObject({ kind, code, message });
      }),
    );
  });

  test.each(Object.entries(kinds) as [RemoteErrorKind, number][])(
    'of kind %s is laid out as documented',
    (kind, byte) => {
      const bytes = encodeRemoteError(new RemoteError('né', { kind, code: -2 }));
      expect([...bytes]).toEqual([byte, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x6e, 0xc3, 0xa9]);
    },
  );

  test('with too long a message is cut, wherever that falls, and still read', () => {
    for (const letter of ['x', 'é', '€', '💥']) {
      const bytes = encodeRemoteError(new RemoteError(letter.repeat(messageBytesMax)));
      expect(bytes.length).toBeLessThanOrEqual(8 + messageBytesMax);
      const decoded = decodeRemoteError(bytes);
      expect(decoded).toBeInstanceOf(RemoteError);
      expect(decoded.message.startsWith(letter.repeat(messageBytesMax / 4 - 1))).toBe(true);
    }
  });
});

describe('nonsense', () => {
  test('decodes to an error that says so, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const decoded = decodeRemoteError(bytes);
        const meaningful = bytes.length >= 8 && Object.values(kinds).includes(bytes[0] as number);
        expect(decoded).toBeInstanceOf(meaningful ? RemoteError : MalformedFrame);
      }),
    );
  });

  test.each([0, 7, 255])('of kind %d is named', (kind) => {
    expect(decodeRemoteError(Uint8Array.of(kind, 0, 0, 0, 0, 0, 0, 0)).message).toContain(`${kind}`);
  });

  test('is read from its own bytes, wherever they lie in their buffer', () => {
    const inner = encodeRemoteError(new RemoteError('inner', { code: 9 }));
    const outer = new Uint8Array(inner.length + 20).fill(0x41);
    outer.set(inner, 3);
    expect(decodeRemoteError(outer.subarray(3, 3 + inner.length))).toMatchObject({ message: 'inner', code: 9 });
  });
});
