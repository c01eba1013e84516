import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FabricErrorCode } from '../errors.ts';
import type { LeaseId } from './lease-id.ts';
import { type EndedStatus, endedError, leaseStatusBytes, leaseStatusOfByte } from './lease-status.ts';

test('the bytes are those of the control page, for good', () => {
  expect(leaseStatusBytes).toEqual({ active: 0, expired: 1, revoked: 2, released: 3, fenced: 4 });
});

test('a byte that is not known counts as revoked', () => {
  const known = new Map<number, string>(Object.entries(leaseStatusBytes).map(([status, byte]) => [byte, status]));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (byte) => {
      expect(leaseStatusOfByte(byte)).toBe(known.get(byte) ?? 'revoked');
    }),
  );
});

test.each([
  ['expired', 'LeaseExpired'],
  ['revoked', 'Revoked'],
  ['released', 'Revoked'],
  ['fenced', 'Fenced'],
  ['disconnected', 'Disconnected'],
] as [EndedStatus, FabricErrorCode][])('a lease that is %s fails with %s', (status, code) => {
  const lease = '0123456789abcdef0123456789abcdef' as LeaseId;
  expect(endedError(status, lease, false)).toMatchObject({ code, mayHaveExecuted: false });
  const error = endedError(status, lease, true);
  expect(error.mayHaveExecuted).toBe(true);
  expect(error.message).toContain(lease);
});
