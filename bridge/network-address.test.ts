import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatNetworkAddress,
  isLoopback,
  isNetworkAddress,
  isWildcard,
  networkAddressLengthMax,
  parseNetworkAddress,
} from './network-address.ts';

const parse = (text: string) => parseNetworkAddress(text, { anyPort: true });

describe('an address', () => {
  test.each([
    ['localhost:1', 'localhost', 1],
    ['node-1.rack_2.example:4433', 'node-1.rack_2.example', 4433],
    ['10.0.0.1:65535', '10.0.0.1', 65535],
    ['[::1]:0', '::1', 0],
    ['[fe80::1%eth0]:7', 'fe80::1%eth0', 7],
    ['3com.example:1', '3com.example', 1],
  ])('%s is a host and a port', (text, host, port) => {
    expect(parse(text)).toEqual({ host, port });
    expect(formatNetworkAddress({ host, port })).toBe(text);
  });

  test.each([
    '',
    ':',
    ':1',
    'host',
    'host:',
    'host:65536',
    'host:123456',
    'host:-1',
    'host:1.5',
    'host:0x10',
    'host: 1',
    ' host:1',
    'host:1\n',
    '::1:80',
    '[]:1',
    '[::1]',
    '[::1]1',
    '[host]:1',
    '[10.0.0.1]:1',
    '300.1.1.1:1',
    '127.1:1',
    '1.2.3.4.5:1',
    'a..b:1',
    '-a:1',
    'a-:1',
    'a b:1',
    'é:1',
    'host/:1',
    `${'a'.repeat(64)}:1`,
    `${'a.'.repeat(127)}a:1`,
  ])('%j is none', (text) => {
    expect(() => parse(text)).toThrow(TypeError);
    expect(() => parse(text)).toThrow(JSON.stringify(text));
  });

  test('has a port, unless any will do', () => {
    expect(() => parseNetworkAddress('host:0', { anyPort: false })).toThrow('port 1 to 65535');
    expect([isNetworkAddress('host:0'), isNetworkAddress('host:1')]).toEqual([false, true]);
  });

  test('of any kind that is read is written as it was', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.string(),
    );
    fc.assert(
      fc.property(host, fc.nat(70_000), (name, port) => {
        const text = `${name}:${port}`;
        if (!isNetworkAddress(text)) return;
        expect(formatNetworkAddress(parse(text))).toBe(text);
        expect(text.length).toBeLessThanOrEqual(networkAddressLengthMax);
      }),
    );
  });
});

test.each(['127.0.0.1', '127.255.3.4', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])('%s is loopback', (ip) => {
  expect(isLoopback(ip)).toBe(true);
});

test.each(['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', '::2', '::ffff:10.0.0.1', 'fe80::1%lo', 'localhost', ''])(
  '%s is not, before it is resolved',
  (ip) => {
    expect(isLoopback(ip)).toBe(false);
  },
);

test('only 0.0.0.0 and :: are wildcards', () => {
  expect(['0.0.0.0', '::', '0:0::0'].map(isWildcard)).toEqual([true, true, true]);
  expect(['127.0.0.1', '::1', 'host', '0.0.0.1'].map(isWildcard)).toEqual([false, false, false, false]);
});
