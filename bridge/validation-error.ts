// What goes into a method, or comes out of it, is not what its schema allows. It crosses the fabric as text: a line that
// says so, and a line for each issue.
import { RemoteError } from './remote-error.ts';

/** Which side of a method. */
export type MethodSide = 'input' | 'output';

/**
 * A method's input or output is not what its schema allows. Of an input, the server says so, and the method has not run;
 * of an output, the client, and it has.
 */
export class ValidationError extends RemoteError {
  readonly side: MethodSide;
  /** What is wrong where, such as `user.age: expected a number`; at most 8. */
  readonly issues: readonly string[];

  /** The first line says what is not valid, each further one is an issue. */
  constructor(side: MethodSide, lines: readonly string[], code = 0) {
    super(lines.join('\n'), { kind: `invalid-${side}`, code });
    this.side = side;
    this.issues = lines.slice(1);
  }

  /** `method` as in `calculator.add`; issues are single lines. */
  static of(side: MethodSide, method: string, issues: readonly string[]): ValidationError {
    return new ValidationError(side, [`the ${side} of ${method} is not valid`, ...issues]);
  }

  /** From what an error response says. */
  static parse(side: MethodSide, message: string, code: number): ValidationError {
    return new ValidationError(side, message.split('\n'), code);
  }
}
