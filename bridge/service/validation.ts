// Holds what goes in and out of methods against their schemas, and says what is wrong in words that travel.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { validationIssueLengthMax, validationIssuesMax } from '../limits.ts';
import { type MethodSide, ValidationError } from '../validation-error.ts';
import { anything } from './method.ts';

/** Checks a value: gives what the schema makes of it, or a promise of that. Throws ValidationError, or rejects with it. */
export function validate(schema: StandardSchemaV1, value: unknown, side: MethodSide, method: string): unknown {
  if (schema === anything) return value;
  const result = schema['~standard'].validate(value);
  if (!(result instanceof Promise)) return accepted(result, side, method);
  return result.then((settled) => accepted(settled, side, method));
}

function accepted(result: StandardSchemaV1.Result<unknown>, side: MethodSide, method: string): unknown {
  if (result.issues === undefined) return result.value;
  throw ValidationError.of(side, method, wordsOfIssues(result.issues));
}

function wordsOfIssues(issues: readonly StandardSchemaV1.Issue[]): string[] {
  const words = issues.slice(0, validationIssuesMax).map(wordsOfIssue);
  if (issues.length > words.length) words[words.length - 1] = `and ${issues.length - words.length + 1} more`;
  return words;
}

function wordsOfIssue({ path = [], message }: StandardSchemaV1.Issue): string {
  const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  const words = (place === '' ? message : `${place}: ${message}`).replace(/\s+/g, ' ');
  return words.length <= validationIssueLengthMax ? words : `${words.slice(0, validationIssueLengthMax - 1)}…`;
}
