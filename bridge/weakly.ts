/** Calls `act` with `target`, for as long as somebody else keeps that: a subscription that keeps nobody alive. */
export function weakly<T extends object, A extends unknown[]>(
  target: T,
  act: (target: T, ...args: A) => void,
): (...args: A) => void {
  const weak = new WeakRef(target);
  return (...args) => {
    const found = weak.deref();
    if (found !== undefined) act(found, ...args);
  };
}
