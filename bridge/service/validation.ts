// Holds what goes in and out of methods against their schemas, and says what is wrong in words that travel.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { validationIssueLengthMax, validationIssuesMax } from '../limits.ts';
import { RemoteError } from '../remote-error.ts';
import { anything } from './method.ts';

/** Which side of a method. */
export type Side = 'input' | 'output';

/**
 * A method's input or output is not what its schema allows. Of an input, the server says so, and the method has not run;
 * of an output, the client, and it has.
 */
export class ValidationError extends RemoteError {
  readonly side: Side;
  /** What is wrong where, such as `user.age: expected a number`; at most 8. */
  readonly issues: readonly string[];

  constructor(side: Side, method: string, issues: readonly string[]) {
    super([`the ${side} of ${method} is not valid`, ...issues].join('\n'), { kind: `invalid-${side}` });
    this.side = side;
    this.issues = issues;
  }

  /** The error that the server's end has thrown, from its words: a line for each issue, behind the first. */
  static of(error: RemoteError, method: string): ValidationError {
    const side = error.kind === 'invalid-output' ? 'output' : 'input';
    return new ValidationError(side, method, error.message.split('\n').slice(1));
  }
}

/** Checks a value: gives what the schema makes of it, or a promise of that. Throws ValidationError, or rejects with it. */
export function validate(schema: StandardSchemaV1, value: unknown, side: Side, method: string): unknown {
  if (schema === anything) return value;
  const result = schema['~standard'].validate(value);
  if (!(result instanceof Promise)) return accepted(result, side, method);
  return result.then((settled) => accepted(settled, side, method));
}

function accepted(result: StandardSchemaV1.Result<unknown>, side: Side, method: string): unknown {
  if (result.issues === undefined) return result.value;
  throw new ValidationError(side, method, wordsOfIssues(result.issues));
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
