import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { MalformedFrame, Unsupported } from '../errors.ts';
import { InvariantViolation } from '../invariant.ts';
import { controlFrameBytesMax } from '../limits.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { anyMessage, helloOf, messageOf, messageTypes } from './message.test.support.ts';
import { type Message, protocolVersion } from './messages.ts';

/** As hostile as msgpackr can be made to write. */
const { pack } = new Packr({ useBigIntExtension: true, moreTypes: true });

/** The fields of each message: what decodeMessage may return has exactly these. */
const fieldsOf = new Map<string, string[]>();
for (const type of messageTypes) {
  const [sample] = fc.sample(messageOf(type), 1);
  fieldsOf.set(type, Object.keys(sample as Message).sort());
}

/** A greeting that only its own version can read. */
function isOfAnotherVersion(error: unknown): boolean {
  return error instanceof Unsupported && /^the peer speaks control protocol \d+, this is/.test(error.message);
}

/** Decodes what may be anything: a message with exactly its fields, or undefined where it was refused. */
function decoded(bytes: Uint8Array): Message | undefined {
  let message: Message;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    if (!isOfAnotherVersion(error)) expect(error).toBeInstanceOf(MalformedFrame);
    expect((error as Error).message.length).toBeLessThan(4096);
    return undefined;
  }
  expect(Object.keys(message).sort()).toEqual(fieldsOf.get(message.type));
  expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  expect(encodeMessage(message).length).toBeLessThanOrEqual(controlFrameBytesMax);
  return message;
}

const refused = (bytes: Uint8Array) => expect(decoded(bytes)).toBeUndefined();

describe('a message', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const arrived = decodeMessage(Uint8Array.from(encodeMessage(message)));
        expect(JSON.stringify(arrived)).toBe(JSON.stringify(message));
      }),
      { numRuns: 500 },
    );
  });

  test('that is one among many bytes is read from its own', () => {
    const bytes = encodeMessage({ type: 'done', seq: 7 });
    const around = new Uint8Array(bytes.length + 10).fill(0x93);
    around.set(bytes, 5);
    expect(decodeMessage(around.subarray(5, 5 + bytes.length))).toEqual({ type: 'done', seq: 7 });
  });

  test('too long to be sent is a bug here', () => {
    const lease = new Uint8Array(controlFrameBytesMax);
    expect(() => encodeMessage({ type: 'describe', seq: 1, lease })).toThrow(InvariantViolation);
  });

  test('too long to be received is refused unread', () => {
    expect(() => decodeMessage(new Uint8Array(controlFrameBytesMax + 1))).toThrow(MalformedFrame);
  });
});

describe('hostile bytes', () => {
  test('of any kind are a message, or MalformedFrame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decoded(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('in msgpack of any value are a message, or MalformedFrame', () => {
    const value = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });
    fc.assert(
      fc.property(value, (candidate) => {
        decoded(Uint8Array.from(pack(candidate)));
      }),
      { numRuns: 1000 },
    );
  });

  test('that were a message, with some changed, cut off, put in or doubled', () => {
    const mutation = fc.record({
      kind: fc.constantFrom('change', 'cut', 'insert', 'repeat'),
      at: fc.nat(200),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(anyMessage, fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
        let bytes = [...encodeMessage(message)];
        for (const { kind, at, byte } of mutations) {
          const index = at % (bytes.length + 1);
          if (kind === 'change') bytes[index] = byte;
          if (kind === 'cut') bytes = bytes.slice(0, index);
          if (kind === 'insert') bytes.splice(index, 0, byte);
          if (kind === 'repeat') bytes.splice(index, 0, ...bytes.slice(index));
        }
        decoded(Uint8Array.from(bytes.slice(0, controlFrameBytesMax)));
      }),
      { numRuns: 3000 },
    );
  });

  test('every single byte of every message, made the tag of something else', () => {
    const tags = [0x00, 0x41, 0x80, 0x8f, 0x9f, 0xc0, 0xc1, 0xc6, 0xc9, 0xcb, 0xcf, 0xd4, 0xd8, 0xdd, 0xdf, 0xff];
    for (const type of messageTypes) {
      const [message] = fc.sample(messageOf(type), { numRuns: 1, seed: 1 });
      const bytes = Uint8Array.from(encodeMessage(message as Message));
      for (const [index, original] of bytes.entries()) {
        for (const tag of tags) {
          bytes[index] = tag;
          decoded(bytes);
        }
        bytes[index] = original;
      }
    }
  });

  test('leave nothing behind for the next message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), anyMessage, (bytes, message) => {
        decoded(bytes);
        const arrived = decodeMessage(Uint8Array.from(encodeMessage(message)));
        expect(JSON.stringify(arrived)).toBe(JSON.stringify(message));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('msgpack’s corners', () => {
  const done = [...encodeMessage({ type: 'done', seq: 1 })];
  const text = (value: string) => [0xa0 + value.length, ...Buffer.from(value)];

  test('nothing at all, and more than one value', () => {
    refused(new Uint8Array(0));
    refused(Uint8Array.from([...done, ...done]));
    refused(Uint8Array.from([...done, 0xc0]));
  });

  test.each([
    ['array 32', 0xdd],
    ['map 32', 0xdf],
    ['bin 32', 0xc6],
    ['str 32', 0xdb],
    ['ext 32', 0xc9],
  ])('a length that nobody has, as %s', (_name, tag) => {
    for (const length of [0x00ffffff, 0x7fffffff, 0xfffffffe, 0xffffffff]) {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt8(tag, 0);
      bytes.writeUInt32BE(length, 1);
      refused(bytes);
    }
  });

  test.each([
    ['arrays', [0x91]],
    ['maps', [0x81, 0xa1, 0x61]],
    ['extensions', [0xd4, 0x73, 0x00]],
    ['errors', [0xd4, 0x65, 0x00]],
  ])('%s in %s without end', (_name, opening) => {
    for (const length of [100, controlFrameBytesMax]) {
      const bytes = Uint8Array.from({ length }, (_, index) => opening[index % opening.length] as number);
      refused(bytes);
    }
  });

  test('every extension, with any content', () => {
    const extension = fc.record({
      head: fc.constantFrom([0xd4], [0xd5], [0xd6], [0xd7], [0xd8], [0xc7, 4], [0xc7, 0], [0xc8, 0, 9]),
      type: fc.nat(255),
      content: fc.uint8Array({ maxLength: 24 }),
    });
    fc.assert(
      fc.property(extension, fc.boolean(), ({ head, type, content }, asField) => {
        const bytes = [...head, type, ...content];
        decoded(Uint8Array.from(asField ? [0x82, ...text('type'), ...text('done'), ...text('seq'), ...bytes] : bytes));
      }),
      { numRuns: 3000 },
    );
  });

  test('the keys of prototypes pollute nothing, and are no fields', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty']) {
      const polluted = [0x81, ...text('polluted'), 0xc3];
      const bytes = [0x83, ...text('type'), ...text('done'), ...text('seq'), 1, ...text(key), ...polluted];
      const message = decoded(Uint8Array.from(bytes));
      expect(message === undefined || !('polluted' in message)).toBe(true);
      expect('polluted' in {}).toBe(false);
      refused(Uint8Array.from([0x81, ...text('type'), ...text(key)]));
      refused(Uint8Array.from([0x81, ...text(key), ...text('done')]));
    }
  });

  test('a record that one message defines means nothing to the next', () => {
    const definition = [0xd4, 0x72, 0x41, 0x92, ...text('type'), ...text('seq'), ...text('done'), 5];
    decoded(Uint8Array.from(definition));
    refused(Uint8Array.from([0x41, ...text('done'), 5]));
    expect(decodeMessage(Uint8Array.from(encodeMessage({ type: 'done', seq: 0x41 })))).toEqual({
      type: 'done',
      seq: 0x41,
    });
  });
});

describe('the greeting of another version', () => {
  test.each([
    { type: 'hello', version: protocolVersion + 1, agent: 'anything', surplus: [1] },
    { type: 'hello', version: protocolVersion - 1 },
  ])('is Unsupported, whatever else it holds: %j', (greeting) => {
    expect(() => decodeMessage(Uint8Array.from(pack(greeting)))).toThrow(Unsupported);
  });

  test('of this one is read like any message', () => {
    expect(decoded(encodeMessage(helloOf()))).toMatchObject({ type: 'hello', version: protocolVersion });
    for (const wrong of [{}, { agent: new Uint8Array(7) }, { agent: '01234567' }, { ...helloOf(), surplus: 1 }]) {
      refused(Uint8Array.from(pack({ type: 'hello', version: protocolVersion, ...wrong })));
    }
  });
});

describe('bounds', () => {
  const raw = (value: unknown) => Uint8Array.from(pack(value));
  const lease = new Uint8Array(16);
  const layout = { name: 'none', slotCount: 0, slotStride: 0 };
  const description = { type: 'description', seq: 1, generation: 1, remainingMs: 1, layout, freeSlots: 0 };

  test('a lease has whole cache lines, one at least, and a layout may have none', () => {
    expect(decoded(raw({ ...description, arenaBytes: 64 }))).toMatchObject({ arenaBytes: 64, layout });
    for (const arenaBytes of [0, 1, 63, 65, 4095, 2 ** 32]) refused(raw({ ...description, arenaBytes }));
  });

  const outOfBounds = [
    { type: 'done', seq: -1 },
    { type: 'done', seq: 2 ** 32 },
    { type: 'done', seq: 1.5 },
    { type: 'done', seq: Number.NaN },
    { type: 'done', seq: '1' },
    { type: 'done', seq: [1] },
    { type: 'done' },
    { type: 'done', seq: 1, more: 1 },
    { type: ['done'], seq: 1 },
    { seq: 1 },
    { type: 'time', seq: 1, remainingMs: -0.5 },
    { type: 'time', seq: 1, remainingMs: Number.POSITIVE_INFINITY },
    { type: 'time', seq: 1, remainingMs: Number.NaN },
    { type: 'time', seq: 1, remainingMs: 31 * 24 * 3600 * 1000 },
    { type: 'describe', seq: 1, lease: new Uint8Array(15) },
    { type: 'describe', seq: 1, lease: new Uint8Array(17) },
    { type: 'describe', seq: 1, lease: '0'.repeat(16) },
    { type: 'describe', seq: 1, lease: new Array(16).fill(0) },
    { type: 'detach', seq: 1, lease, generation: 2 ** 53 },
    { type: 'attach', seq: 1, lease, slots: 1025, holder: new Uint8Array(16) },
    { type: 'attach', seq: 1, lease, slots: 1 },
    { type: 'attach', seq: 1, lease, slots: 1, holder: new Uint8Array(15) },
    { type: 'ended', lease, generation: 1, reason: 'active' },
    { type: 'ended', lease, generation: 1, reason: 'toString' },
    { type: 'refused', seq: 1, code: 'Unheard', message: '' },
    { type: 'refused', seq: 1, code: 'constructor', message: '' },
    { type: 'refused', seq: 1, code: 'IoError', message: 'x'.repeat(1025) },
    { type: 'hello', version: 65537 },
    { type: 'goodbye' },
  ];

  test('what lies outside of them is refused', () => {
    for (const value of outOfBounds) refused(raw(value));
  });

  test('a 64-bit number is refused where only 32 bits may stand', () => {
    for (const seq of [2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, -1n]) refused(raw({ type: 'done', seq }));
  });

  test.each([null, 0, 'hello', [], [1], true, new Uint8Array(3)])('%j is no message', (value) => {
    refused(raw(value));
  });
});
