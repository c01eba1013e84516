import { describe, expect, test } from 'vitest';
import { networkSettings, parsePeers } from './network-settings.ts';

const none = { listen: undefined, advertise: undefined, peers: [], insecure: false };

describe('the environment', () => {
  test.each([
    [{}, {}],
    [{ LEASEWIRE_LISTEN: '', LEASEWIRE_ADVERTISE: '', LEASEWIRE_PEERS: '', LEASEWIRE_INSECURE: '' }, {}],
    [{ LEASEWIRE_LISTEN: '0.0.0.0:0' }, { listen: { host: '0.0.0.0', port: 0 } }],
    [{ LEASEWIRE_ADVERTISE: 'node-1:0' }, { advertise: { host: 'node-1', port: 0 } }],
    [{ LEASEWIRE_INSECURE: '1' }, { insecure: true }],
    [{ LEASEWIRE_INSECURE: '0' }, {}],
    [
      { LEASEWIRE_PEERS: 'a:1,[::1]:2, b:3' },
      {
        peers: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
          { host: 'b', port: 3 },
        ],
      },
    ],
  ])('%j says %j', (env, settings) => {
    expect(networkSettings(env)).toEqual({ ...none, ...settings });
  });

  test.each([
    ['LEASEWIRE_LISTEN', '4433'],
    ['LEASEWIRE_LISTEN', 'host'],
    ['LEASEWIRE_LISTEN', 'host:65536'],
    ['LEASEWIRE_ADVERTISE', 'host:'],
    ['LEASEWIRE_ADVERTISE', '0.0.0.0:1'],
    ['LEASEWIRE_ADVERTISE', '[::]:1'],
    ['LEASEWIRE_PEERS', 'a:1,'],
    ['LEASEWIRE_PEERS', 'a:0'],
    ['LEASEWIRE_PEERS', 'a:1;b:2'],
    ['LEASEWIRE_INSECURE', 'yes'],
  ])('%s=%s is a TypeError that says so', (name, value) => {
    expect(() => networkSettings({ [name]: value })).toThrow(TypeError);
    expect(() => networkSettings({ [name]: value })).toThrow(`${name}=${value}: `);
  });
});

test('peers of a program’s own are read as those of the environment', () => {
  expect(parsePeers(['a:1'])).toEqual([{ host: 'a', port: 1 }]);
  expect(() => parsePeers(['a'])).toThrow(TypeError);
});
