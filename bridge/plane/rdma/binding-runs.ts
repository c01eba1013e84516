// What binding numbers of a session stand for. A lease has as many as its holder has slots there, one after another, and one
// where it has none: so a frame that names a binding names a slot.
interface Run<T> {
  readonly first: number;
  readonly count: number;
  readonly value: T;
}

export class BindingRuns<T> {
  readonly #runs = new Map<number, Run<T>>();
  readonly #runOf = new Map<number, Run<T>>();

  add(first: number, count: number, value: T): void {
    const run = { first, count, value };
    this.#runs.set(first, run);
    for (let binding = first; binding < first + count; binding++) this.#runOf.set(binding, run);
  }

  /** By the first binding of a run. */
  get(first: number): T | undefined {
    return this.#runs.get(first)?.value;
  }

  /** By any binding of a run; `place` counts from its first. */
  find(binding: number): { readonly value: T; readonly place: number } | undefined {
    const run = this.#runOf.get(binding);
    return run && { value: run.value, place: binding - run.first };
  }

  delete(first: number): void {
    const run = this.#runs.get(first);
    if (run === undefined) return;
    this.#runs.delete(first);
    for (let binding = first; binding < first + run.count; binding++) this.#runOf.delete(binding);
  }

  values(): T[] {
    return [...this.#runs.values()].map(({ value }) => value);
  }

  clear(): void {
    this.#runs.clear();
    this.#runOf.clear();
  }
}
