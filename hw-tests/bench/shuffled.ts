// Drawing an order: what is measured before must not always be the same.

/** A copy in another order, by Fisher and Yates. */
export function shuffled<T>(items: readonly T[]): readonly T[] {
  const order = [...items];
  for (let index = order.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [order[index], order[other]] = [order[other] as T, order[index] as T];
  }
  return order;
}
