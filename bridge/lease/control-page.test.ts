import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { MalformedFrame } from '../errors.ts';
import {
  ControlPage,
  clientSleepsWord,
  controlPageBytes,
  layoutIds,
  serverSleepsWord,
  stateOf,
  stateWord,
} from './control-page.ts';
import type { LeaseId } from './lease-id.ts';
import type { EndReason } from './lease-status.ts';

const arenaBytes = 65536;
const identity = { lease: '000102030405060708090a0b0c0d0e0f' as LeaseId, generation: 0x0102030405, arenaBytes };

let buffer: ArrayBuffer;
let page: ControlPage;
/** The area as any language would read it. */
let view: DataView;

beforeEach(() => {
  buffer = new ArrayBuffer(arenaBytes + controlPageBytes);
  page = new ControlPage(buffer, arenaBytes);
  view = new DataView(buffer, arenaBytes, controlPageBytes);
});

describe('the bytes', () => {
  test('stand where the layout says', () => {
    page.initialise(identity);
    page.setLayout({ name: 'slots', slotCount: 7, slotStride: 4096 });
    expect(Buffer.from(buffer, arenaBytes, 8).toString('latin1')).toBe('LEASEWIR');
    expect(view.getUint32(8, true)).toBe(1);
    expect(view.getUint8(12)).toBe(0);
    expect(view.getUint32(12, true) >>> 8).toBe(0x030405);
    expect(Buffer.from(buffer, arenaBytes + 16, 16).toString('hex')).toBe(identity.lease);
    expect(view.getBigUint64(32, true)).toBe(0x0102030405n);
    expect(view.getBigUint64(40, true)).toBe(BigInt(arenaBytes));
    expect(view.getUint32(48, true)).toBe(2);
    expect(view.getUint32(52, true)).toBe(7);
    expect(view.getUint32(56, true)).toBe(4096);
    expect(view.getUint32(60, true)).toBe(4096);
  });

  test('of all else are zero, and those before the area are not touched', () => {
    page.initialise(identity);
    expect(new Uint8Array(buffer, 0, arenaBytes).every((byte) => byte === 0)).toBe(true);
    expect(new Uint8Array(buffer, arenaBytes + 64).every((byte) => byte === 0)).toBe(true);
  });

  test('of the sleepers are at 128 and 256', () => {
    Atomics.store(page.words, serverSleepsWord, 0x51);
    expect(view.getInt32(128, true)).toBe(0x51);
    Atomics.store(page.words, clientSleepsWord, 0x52);
    expect(view.getInt32(256, true)).toBe(0x52);
  });

  test('of the layouts are for good', () => {
    expect(layoutIds).toEqual({ none: 0, classic: 1, slots: 2, queue: 3 });
  });
});

describe('verify', () => {
  beforeEach(() => {
    page.initialise(identity);
  });

  test('takes the area that was granted', () => {
    page.verify(identity);
  });

  test.each([
    ['magic', 0, 8],
    ['version', 8, 4],
    ['lease id', 16, 16],
    ['arena size', 40, 8],
    ['control size', 60, 4],
  ])('refuses a wrong %s, in whichever byte', (name, offset, bytes) => {
    for (let i = 0; i < bytes; i++) {
      const at = offset + i;
      view.setUint8(at, view.getUint8(at) ^ 0x40);
      expect(() => page.verify(identity)).toThrow(MalformedFrame);
      expect(() => page.verify(identity)).toThrow(`has a wrong ${name}`);
      view.setUint8(at, view.getUint8(at) ^ 0x40);
    }
    page.verify(identity);
  });

  test('names all that is wrong', () => {
    view.setUint8(0, 0);
    view.setUint8(60, 1);
    expect(() => page.verify(identity)).toThrow('wrong magic, control size');
  });

  test('refuses another lease than the expected one', () => {
    const other = { ...identity, lease: 'ff0102030405060708090a0b0c0d0e0f' as LeaseId };
    expect(() => page.verify(other)).toThrow('wrong lease id');
    expect(() => page.verify({ ...identity, arenaBytes: 4096 })).toThrow('wrong arena size');
  });
});

describe('the state', () => {
  test('is one word: the status, and the low 24 bits of the generation', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (generation) => {
        page.setState('active', generation);
        expect(view.getUint8(12)).toBe(0);
        expect(view.getUint32(12, true) >>> 8).toBe(generation % 2 ** 24);
        expect(view.getBigUint64(32, true)).toBe(BigInt(generation));
        expect(Atomics.load(page.words, stateWord)).toBe(stateOf('active', generation));
      }),
    );
  });

  test.each(['expired', 'revoked', 'released', 'fenced'] as EndReason[])('%s is read back', (status) => {
    page.setState(status, 2);
    expect(page.readStatus(1)).toBe(status);
    expect(page.readStatus(2)).toBe(status);
  });

  test('active counts for the expected generation alone: any other was granted to somebody else', () => {
    page.setState('active', 3);
    expect(page.readStatus(3)).toBe('active');
    expect(page.readStatus(2)).toBe('revoked');
    expect(page.readStatus(4)).toBe('revoked');
  });

  test('of nonsense is revoked', () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        view.setInt32(12, word, true);
        const status = page.readStatus(1);
        if (word === stateOf('active', 1)) expect(status).toBe('active');
        else expect(status).not.toBe('active');
      }),
    );
  });
});

describe('the layout', () => {
  test('is none at first', () => {
    expect(page.readLayout()).toEqual({ name: 'none', slotCount: 0, slotStride: 0 });
  });

  test('is read back', () => {
    const layout = { name: 'classic', slotCount: 1, slotStride: 0 } as const;
    page.setLayout(layout);
    expect(page.readLayout()).toEqual(layout);
  });

  test('of an unknown number is refused', () => {
    view.setUint32(48, 9, true);
    expect(() => page.readLayout()).toThrow(MalformedFrame);
  });
});
