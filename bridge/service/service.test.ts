import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serviceMethodsMax } from '../limits.ts';
import { bidirectional, clientStreaming, type Methods, serverStreaming, unary } from './method.ts';
import { defineService } from './service.ts';

const fingerprint = (methods: Methods, version = '', name = 's') =>
  defineService({ name, version, methods }).description.fingerprint;

describe('a service', () => {
  test('numbers its methods by their place, unless they say otherwise', () => {
    const methods = { a: unary(), b: serverStreaming({ id: 40 }), c: clientStreaming(), d: bidirectional() };
    expect(defineService({ name: 'numbers', methods }).description.methods).toEqual([
      { name: 'a', id: 1, kind: 'unary', idempotent: false, version: '' },
      { name: 'b', id: 40, kind: 'server-streaming', idempotent: false, version: '' },
      { name: 'c', id: 3, kind: 'client-streaming', idempotent: false, version: '' },
      { name: 'd', id: 4, kind: 'bidirectional', idempotent: false, version: '' },
    ]);
  });

  test.each([0, -1, 1.5, 65536, Number.NaN])('has no method of id %s', (id) => {
    expect(() => defineService({ name: 's', methods: { a: unary({ id }) } })).toThrow(RangeError);
  });

  test('has one method of each id', () => {
    const methods = { a: unary(), b: unary({ id: 1 }) };
    expect(() => defineService({ name: 's', methods })).toThrow('methods a and b both have id 1');
  });

  test.each(['then', 'constructor', 'toString', 'a b', '1a', '', '_a', 'x'.repeat(129), 'ä'])(
    'has no method named %j',
    (name) => {
      expect(() => defineService({ name: 's', methods: { [name]: unary() } })).toThrow(RangeError);
    },
  );

  test.each(['', '.', 'a/b', 'x'.repeat(129)])('is not named %j', (name) => {
    expect(() => defineService({ name, methods: {} })).toThrow(RangeError);
  });

  test('is described within its bounds', () => {
    const many = (count: number, name: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, unary()]));
    expect(() => defineService({ name: 's', methods: many(serviceMethodsMax + 1, 'm') })).toThrow('1025 methods');
    expect(() => defineService({ name: 's', methods: many(400, 'm'.repeat(100)) })).toThrow('bytes to describe');
    expect(() => defineService({ name: 's', version: 'x'.repeat(65), methods: {} })).toThrow(RangeError);
    expect(() => defineService({ name: 's', methods: { a: unary({ version: 'x'.repeat(65) }) } })).toThrow(RangeError);
  });

  test('takes nothing for a schema that is none', () => {
    expect(() => unary({ input: {} as never })).toThrow(TypeError);
  });
});

describe('a fingerprint', () => {
  const base = { a: unary(), b: unary({ idempotent: true }) };

  test('is the same for the same, in whatever order', () => {
    expect(fingerprint(base)).toMatch(/^[0-9a-f]{16}$/);
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 5 }), (names) => {
        const methods = Object.fromEntries(names.map((name) => [name, unary({ idempotent: name < 'c' })]));
        const sorted = Object.fromEntries(names.sort().map((name) => [name, unary({ idempotent: name < 'c' })]));
        expect(fingerprint(methods)).toBe(fingerprint(sorted));
      }),
    );
  });

  test('is another for another name, version, kind, idempotence or method', () => {
    const others = [
      fingerprint(base, '', 't'),
      fingerprint(base, '2'),
      fingerprint({ ...base, a: serverStreaming() }),
      fingerprint({ ...base, a: unary({ idempotent: true }) }),
      fingerprint({ ...base, a: unary({ version: '2' }) }),
      fingerprint({ ...base, c: unary() }),
      fingerprint({ a: base.a }),
    ];
    expect(new Set([...others, fingerprint(base)]).size).toBe(others.length + 1);
  });
});
