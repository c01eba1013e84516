import { describe, expect, test } from 'vitest';
import { FabricError } from './errors.ts';
import { RemoteError } from './remote-error.ts';

test('a remote error is the handler’s: no FabricError, kind `handler` and code 0 unless it says otherwise', () => {
  const error = new RemoteError('no such account');
  expect(error).toMatchObject({ name: 'RemoteError', message: 'no such account', kind: 'handler', code: 0 });
  expect(error).not.toBeInstanceOf(FabricError);
});

test('a handler’s -1 stays a handler’s -1', () => {
  expect(new RemoteError('own', { code: -1 })).toMatchObject({ kind: 'handler', code: -1 });
});

test.each([2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('a code of %d is refused', (code) => {
  expect(() => new RemoteError('x', { code })).toThrow(RangeError);
});

test.each([0, -1, 2 ** 31 - 1, -(2 ** 31)])('a code of %d is kept', (code) => {
  expect(new RemoteError('x', { code }).code).toBe(code);
});

test('an unknown method is named', () => {
  expect(RemoteError.unknownMethod(7)).toMatchObject({ kind: 'unknown-method', message: 'unknown method 7' });
});

describe('RemoteError.from', () => {
  test('leaves a RemoteError as it is', () => {
    const error = new RemoteError('x', { code: 3 });
    expect(RemoteError.from(error)).toBe(error);
  });

  test('takes the words of whatever a handler threw, and keeps it as the cause', () => {
    const failure = new TypeError('not a function');
    expect(RemoteError.from(failure)).toMatchObject({ kind: 'handler', code: 0, message: 'not a function' });
    expect(RemoteError.from(failure).cause).toBe(failure);
    expect(RemoteError.from(42).message).toBe('42');
    expect(RemoteError.from(null).message).toBe('null');
  });

  test('copes with what has no words', () => {
    const hostile = {
      toString() {
        throw new Error('no');
      },
    };
    for (const thrown of [Object.create(null), hostile, Symbol('odd')]) {
      expect(RemoteError.from(thrown)).toMatchObject({ kind: 'handler', cause: thrown });
    }
  });
});
