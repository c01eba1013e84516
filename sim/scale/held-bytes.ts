// What JavaScript holds, once there is no garbage.

/** Bytes of the heap and of what hangs on it; undefined unless Node was started with `--expose-gc`. */
export function heldBytes(): number | undefined {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
