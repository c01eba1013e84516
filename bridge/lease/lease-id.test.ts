import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agentOf,
  isAgentId,
  isLeaseId,
  type LeaseId,
  leaseIdFromBytes,
  leaseIdToBytes,
  leaseUrl,
  newAgentId,
  newLeaseId,
  parseLeaseReference,
} from './lease-id.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test('an id is its agent’s 64 bits, then 64 of its own', () => {
  const agent = newAgentId(Uint8Array.of(0, 1, 2, 3, 4, 5, 0xfe, 0xff));
  expect(agent).toBe('000102030405feff');
  const lease = newLeaseId(agent, Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 1));
  expect(lease).toBe('000102030405feffff00000000000001');
  expect(agentOf(lease)).toBe(agent);
});

test('ids survive their bytes, and every 16 bytes are an id', () => {
  fc.assert(
    fc.property(bytes(16), (raw) => {
      const lease = leaseIdFromBytes(raw);
      expect(isLeaseId(lease)).toBe(true);
      expect(isAgentId(agentOf(lease))).toBe(true);
      expect(leaseIdToBytes(lease)).toEqual(raw);
    }),
  );
});

test('what is not exactly 32 lower-case digits is no lease id, and 16 no agent id', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      expect(isLeaseId(text)).toBe(/^[0-9a-f]*$/.test(text) && text.length === 32);
      expect(isAgentId(text)).toBe(/^[0-9a-f]*$/.test(text) && text.length === 16);
    }),
  );
  const digits = 'ab'.repeat(16);
  for (const text of [`${digits}\n`, ` ${digits}`, digits.toUpperCase(), `${digits}0`, `0x${digits.slice(2)}`]) {
    expect(isLeaseId(text)).toBe(false);
  }
});

describe('a reference', () => {
  const id = '0123456789abcdef0123456789abcdef' as LeaseId;

  test('is an id, or its URL', () => {
    expect(leaseUrl(id)).toBe(`leasewire:///${id}`);
    expect(parseLeaseReference(id)).toEqual({ lease: id, address: undefined });
    expect(parseLeaseReference(leaseUrl(id))).toEqual({ lease: id, address: undefined });
  });

  test.each([
    ['host:4433', { host: 'host', port: 4433 }],
    ['[::1]:1', { host: '::1', port: 1 }],
  ])('may name %s', (authority, address) => {
    const url = `leasewire://${authority}/${id}`;
    expect(leaseUrl(id, address)).toBe(url);
    expect(parseLeaseReference(url)).toEqual({ lease: id, address });
  });

  test.each(['host', '10.0.0.1', 'host:0', 'host:65536', ':1', 'user@host:1', '[::1]'])(
    'that names %s is refused',
    (authority) => {
      expect(() => parseLeaseReference(`leasewire://${authority}/${id}`)).toThrow(TypeError);
    },
  );

  test.each(['', id.toUpperCase(), `leasewire:/${id}`, `leasewire:///${id}/`, `leasewire:////${id}`, `http:///${id}`])(
    'such as %j is refused',
    (text) => {
      expect(() => parseLeaseReference(text)).toThrow(TypeError);
    },
  );

  test('of any other kind is refused with TypeError, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((path) => `leasewire://${path}`),
        ),
        (text) => {
          try {
            expect(text).toContain(parseLeaseReference(text).lease);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        },
      ),
    );
  });
});
