/** Calls `act` with `target`, for as long as somebody else keeps that: a subscription that keeps nobody alive. */
export function weakly<T extends object>(target: T, act: (target: T) => void): () => void {
  const weak = new WeakRef(target);
  return () => {
    const found = weak.deref();
    if (found !== undefined) act(found);
  };
}
