import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { decodeRemoteError, encodeRemoteError } from '../rpc/error-payload.ts';
import { ValidationError } from '../validation-error.ts';
import { outcome } from '../world.test.support.ts';
import { unary } from './method.ts';
import { defineService } from './service.ts';
import { typedScene } from './typed-world.test.support.ts';
import { validate } from './validation.ts';

/** A schema that finds these issues, as any library might write it. */
function finding(issues: readonly StandardSchemaV1.Issue[]): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } };
}

function issuesOf(issues: readonly StandardSchemaV1.Issue[]): readonly string[] {
  try {
    validate(finding(issues), 1, 'input', 's.m');
  } catch (error) {
    return (error as ValidationError).issues;
  }
  throw new Error('it was found valid');
}

describe('an issue', () => {
  test('says where and what', () => {
    const path = ['users', 3, { key: 'age' }, Symbol('s')];
    expect(issuesOf([{ message: 'bad', path }, { message: 'also bad' }])).toEqual([
      'users.3.age.Symbol(s): bad',
      'also bad',
    ]);
  });

  test('is one line of bounded length, and there are not too many', () => {
    const issues = Array.from({ length: 40 }, (_, index) => ({
      message: `first\n second ${index} ${'x'.repeat(300)}`,
    }));
    const words = issuesOf(issues);
    expect(words).toHaveLength(8);
    expect(words.every((each) => each.length <= 150 && !each.includes('\n'))).toBe(true);
    expect(words.at(-1)).toBe('and 33 more');
  });

  test('comes across as it was', () => {
    const issue = fc.record({
      message: fc.string({ unit: fc.constantFrom('a', 'ä', '✓', ' '), maxLength: 300 }),
      path: fc.array(fc.oneof(fc.string(), fc.nat())),
    });
    fc.assert(
      fc.property(fc.array(issue, { minLength: 1, maxLength: 30 }), (issues) => {
        const there = ValidationError.of('input', 's.m', issuesOf(issues));
        const here = decodeRemoteError(encodeRemoteError(there)) as ValidationError;
        expect(here.issues).toEqual(there.issues);
        expect(here).toMatchObject({ message: there.message, kind: 'invalid-input', side: 'input' });
      }),
    );
  });
});

describe('a schema', () => {
  test('may take its time, at either end', async () => {
    const short = v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text.length < 4, 'too long'),
      v.transformAsync(async (text) => text.toUpperCase()),
    );
    const service = defineService({ name: 's', methods: { repeat: unary({ input: short, output: short }) } });
    const { world, typed } = await typedScene(service, { repeat: (text) => (text === 'ABC' ? 'long' : text) });
    expect(await world.clock.run(typed.repeat('ab'))).toBe('AB');
    const late = await outcome(world.clock.run(typed.repeat('abcd')));
    expect(late).toMatchObject({ reason: { side: 'input', issues: ['too long'] } });
    expect(await outcome(world.clock.run(typed.repeat('abc')))).toMatchObject({ reason: { side: 'output' } });
  });

  test('that fails itself is the handler’s error', async () => {
    const broken: StandardSchemaV1<string, string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw new Error('the schema is broken');
        },
      },
    };
    const service = defineService({ name: 's', methods: { broken: unary({ input: broken }) } });
    const { world, typed } = await typedScene(service, { broken: () => undefined });
    const settled = await outcome(world.clock.run(typed.broken('x')));
    expect(settled).toMatchObject({ reason: { kind: 'handler', message: 'the schema is broken' } });
  });
});
