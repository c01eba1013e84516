// A broken invariant is a bug in leasewire, never an operating failure: it must not be caught and carried on from.

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws {@link InvariantViolation} unless `condition` holds; in production too. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}
