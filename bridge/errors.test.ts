import { describe, expect, test } from 'vitest';
import * as errors from './errors.ts';
import { FabricError, type FabricErrorCode, fabricErrorNumbers, IoError } from './errors.ts';
import { InvariantViolation, invariant } from './invariant.ts';

const codes = Object.keys(fabricErrorNumbers) as FabricErrorCode[];

describe('the table of codes', () => {
  test('is closed: adding or renumbering a code changes the protocol', () => {
    expect(fabricErrorNumbers).toEqual({
      Disconnected: -1,
      LeaseExpired: -2,
      Fenced: -3,
      CapacityExceeded: -4,
      Unsupported: -5,
      Revoked: -6,
      IoError: -7,
      Contention: -8,
      DeadlineExceeded: -9,
      MalformedFrame: -10,
      PayloadTooLarge: -11,
      Cancelled: -12,
    });
  });

  test('gives each code its own number', () => {
    expect(new Set(Object.values(fabricErrorNumbers)).size).toBe(codes.length);
  });

  test('has an exported class for every code, and no class beside', () => {
    const classes = Object.entries(errors).filter(([, value]) => Object.getPrototypeOf(value) === FabricError);
    expect(classes.map(([name]) => name).sort()).toEqual([...codes].sort());
  });
});

describe.each(codes)('%s', (code) => {
  test('is made from its code', () => {
    const cause = new Error('below');
    const error = FabricError.of(code, 'why', { cause, mayHaveExecuted: true });
    expect(error.constructor).toBe(new Map<string, unknown>(Object.entries(errors)).get(code));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code, name: code, message: 'why', cause, mayHaveExecuted: true });
    expect(error.number).toBe(fabricErrorNumbers[code]);
    expect(String(error)).toBe(`${code}: why`);
  });

  test('says that nothing ran, unless told', () => {
    expect(FabricError.of(code, 'why').mayHaveExecuted).toBe(false);
    expect(Object.hasOwn(FabricError.of(code, 'why'), 'cause')).toBe(false);
  });
});

describe('FabricError.from', () => {
  test('leaves a FabricError as it is', () => {
    const error = FabricError.of('Revoked', 'gone');
    expect(FabricError.from(error)).toBe(error);
  });

  test('makes anything else an IoError with its words, and keeps it as the cause', () => {
    const failure = new RangeError('too far');
    expect(FabricError.from(failure)).toMatchObject({ code: 'IoError', message: 'too far', cause: failure });
    expect(FabricError.from('text')).toMatchObject({ code: 'IoError', message: 'text', cause: 'text' });
    expect(FabricError.from(undefined)).toBeInstanceOf(IoError);
  });

  test('copes with what has no words', () => {
    const mute = Object.create(null);
    expect(FabricError.from(mute)).toMatchObject({ code: 'IoError', cause: mute });
    expect(FabricError.from(Symbol('odd')).message).toContain('odd');
  });

  test('does not hide a broken invariant', () => {
    const bug = new InvariantViolation('a bug');
    expect(() => FabricError.from(bug)).toThrow(bug);
  });
});

test('an invariant that holds is silent, one that does not throws what is no FabricError', () => {
  invariant(1, 'holds');
  expect(() => invariant(0, 'does not')).toThrow(InvariantViolation);
  expect(() => invariant(undefined, 'does not')).toThrow('does not');
  expect(new InvariantViolation('x')).not.toBeInstanceOf(FabricError);
});
