import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedFrame } from '../errors.ts';
import { serviceNameLengthMax } from '../limits.ts';
import { anyText } from '../text.test.support.ts';
import { checkServiceName, isServiceName, parseServiceRecord, type ServiceRecord } from './service-record.ts';

const lease = '0123456789abcdef0123456789abcdef';
const record = {
  service: 'echo',
  instance: lease,
  node: 'node-1',
  agent: '0123456789abcdef',
  lease,
  generation: 1,
  planes: ['local'],
  address: 'agents/0123456789abcdef.sock',
} as unknown as ServiceRecord;

const withField = (field: string, value: unknown) => JSON.stringify({ ...record, [field]: value });

describe('a service’s name', () => {
  test.each(['a', '0', 'echo', 'Echo-2_b.v1', 'a..b', 'a'.repeat(serviceNameLengthMax)])('may be %s', (name) => {
    expect(isServiceName(name)).toBe(true);
    checkServiceName(name);
  });

  test.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a/../b',
    '/etc',
    '.hidden',
    '-rf',
    '_x',
    'a b',
    'a\n',
    '\na',
    'a\0b',
    'a\\b',
    'é',
    'a%2fb',
    '$(x)',
    'a'.repeat(serviceNameLengthMax + 1),
  ])('may not be %j', (name) => {
    expect(isServiceName(name)).toBe(false);
    expect(() => checkServiceName(name)).toThrow(RangeError);
  });

  test('never leaves its folder', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: fc.constantFrom('.', '-', '_', 'a', '/', '\\', '0') })),
        (name) => {
          if (!isServiceName(name)) return;
          expect(name).not.toMatch(/[/\\\0]/);
          expect(['', '.', '..']).not.toContain(name);
        },
      ),
    );
  });
});

describe('a record', () => {
  test('is read as it was written', () => {
    expect(parseServiceRecord(JSON.stringify(record))).toEqual(record);
  });

  test('may say where its agent is reached over the network', () => {
    const text = withField('network', '[::1]:4433');
    expect(parseServiceRecord(text)).toEqual({ ...record, network: '[::1]:4433' });
  });

  test.each(Object.keys(record))('without its %s is refused', (field) => {
    expect(() => parseServiceRecord(withField(field, undefined))).toThrow(MalformedFrame);
  });

  test.each([
    ['service', '../x'],
    ['service', 7],
    ['agent', '0123456789ABCDEF'],
    ['agent', `../${'0'.repeat(13)}`],
    ['lease', 'x'.repeat(32)],
    ['generation', 0],
    ['generation', 1.5],
    ['generation', -1],
    ['generation', '1'],
    ['generation', 2 ** 53],
    ['planes', 'local'],
    ['planes', ['warp']],
    ['planes', [null]],
    ['address', null],
    ['node', {}],
    ['network', 'host'],
    ['network', 'host:0'],
    ['network', null],
    ['instance', 'x'.repeat(65)],
    ['node', 'x'.repeat(256)],
    ['address', 'x'.repeat(300)],
    ['planes', new Array(6).fill('local')],
    ['surplus', 1],
  ])('whose %s is %j is refused', (field, value) => {
    expect(() => parseServiceRecord(withField(field, value))).toThrow(MalformedFrame);
  });

  test('of any text is a record, or MalformedFrame', () => {
    const text = fc.oneof(
      anyText,
      fc.json(),
      fc
        .record({ field: fc.constantFrom(...Object.keys(record), '__proto__', 'toString'), value: fc.jsonValue() })
        .map(
          ({ field, value }) =>
            `${JSON.stringify(record).slice(0, -1)},${JSON.stringify(field)}:${JSON.stringify(value)}}`,
        ),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        try {
          const parsed = parseServiceRecord(candidate);
          expect(Object.keys(parsed).sort()).toEqual(Object.keys(record).sort());
          expect(isServiceName(parsed.service)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
        }
      }),
    );
  });

  test('that names a prototype has none of it', () => {
    const parsed = (() => {
      try {
        return parseServiceRecord(`${JSON.stringify(record).slice(0, -1)},"__proto__":{"polluted":true}}`);
      } catch {
        return undefined;
      }
    })();
    expect(parsed === undefined || !('polluted' in parsed)).toBe(true);
    expect('polluted' in {}).toBe(false);
  });
});
