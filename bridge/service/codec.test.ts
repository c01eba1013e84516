import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, encodeBriefly } from './codec.ts';

/** Whatever a typed service can carry, deep and wide. */
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('array'), tie('object')),
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.float64Array({ maxLength: 9 }),
    fc.date({ noInvalidDate: true }),
    fc.uniqueArray(fc.integer()).map((members) => new Set(members)),
  ),
  array: fc.array(tie('any'), { maxLength: 20 }),
  object: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    tie('any'),
    { noNullPrototype: true },
  ),
})).any;

const copyOf = (bytes: Uint8Array) => Uint8Array.from(bytes);

describe('a message', () => {
  test('comes back as it went, however it was written', () => {
    fc.assert(
      fc.property(value, (sent) => {
        expect(decode(copyOf(encode(sent)))).toEqual(sent);
        expect(decode(copyOf(encodeBriefly(sent)))).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  test('is complete in itself: any order, any subset of messages can be read', () => {
    const rows = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(), { noNullPrototype: true }));
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1 }), fc.infiniteStream(fc.nat()), (sent, picks) => {
        const messages = sent.map((each) => encode(each));
        for (const pick of picks.take(20)) {
          const index = pick % sent.length;
          expect(decode(messages[index] as Uint8Array)).toEqual(sent[index]);
        }
      }),
    );
  });

  test('names the keys of many like objects once', () => {
    const row = { identifier: 1, description: 'x' };
    const one = encode({ rows: [row] }).length;
    const two = encode({ rows: [row, row] }).length;
    expect(two - one).toBe(4);
    expect(encode(Array.from({ length: 100 }, () => row)).length).toBeLessThan(100 * 4 + 40);
  });

  test('of nothing has no bytes', () => {
    expect(encode(undefined)).toHaveLength(0);
    expect(encodeBriefly(undefined)).toHaveLength(0);
    expect(decode(new Uint8Array(0))).toBeUndefined();
  });

  test('that was written for good stays as it is', () => {
    const sizes = [1, 200, 300, 5000, 9000];
    const kept = sizes.map((size) => encode('x'.repeat(size)));
    for (const size of sizes) encodeBriefly('y'.repeat(size));
    for (const size of sizes) encode('z'.repeat(size));
    expect(kept.map((message) => decode(message))).toEqual(sizes.map((size) => 'x'.repeat(size)));
  });

  test('gives bytes that no later message changes', () => {
    const small = decode(copyOf(encode({ bytes: Buffer.from('first') }))) as { bytes: Uint8Array };
    decode(copyOf(encode({ bytes: Buffer.from('other') })));
    expect(Buffer.from(small.bytes).toString()).toBe('first');
  });

  test('is a plain map outside, so that one object is cheap, and a Map becomes one', () => {
    expect(encode({ a: 1 })).toEqual(Buffer.from([0xde, 0, 1, 0xa1, 0x61, 1]));
    expect(decode(encode(new Map([['a', 1]])))).toEqual({ a: 1 });
  });

  test('may hold the same object outside and inside', () => {
    const shared = { a: 1 };
    expect(decode(encode([shared, shared]))).toEqual([shared, shared]);
  });

  test('that a getter writes while another is written harms neither', () => {
    const outer = {
      get inner() {
        return encode({ inside: [1, 2] }).length;
      },
      last: { b: 2 },
    };
    expect(decode(encode(outer))).toEqual({ inner: encode({ inside: [1, 2] }).length, last: { b: 2 } });
  });
});

describe('what is no message', () => {
  test('throws or gives a value, and leaves the next one readable', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        expect(decode(copyOf(encode({ a: [1, { b: 'c' }] })))).toEqual({ a: [1, { b: 'c' }] });
      }),
      { numRuns: 2000 },
    );
  });

  test('is one that was cut short, or has more behind it', () => {
    const whole = encode({ name: 'value', list: [{ a: 1 }, { a: 2 }] });
    for (let length = 1; length < whole.length; length++) expect(() => decode(whole.slice(0, length))).toThrow();
    expect(() => decode(Buffer.concat([whole, Buffer.of(1)]))).toThrow();
  });

  test('cannot reach the prototype of anything', () => {
    const bytes = Buffer.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x61, 1]);
    const decoded = decode(bytes) as object;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});
