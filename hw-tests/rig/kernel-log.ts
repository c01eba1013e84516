// What in a kernel's log is no news but trouble.

const trouble =
  /\bWARNING:|\bBUG:|\bOops\b|\bKASAN:|\bUBSAN:|general protection|kernel NULL pointer|Kernel panic|refcount_t:|Call Trace:|blocked for more than|soft lockup|rcu: INFO:|detected stall|Out of memory/;

/** The lines that no test may cause. */
export function kernelTroubles(log: string): string[] {
  return log.split('\n').filter((line) => trouble.test(line));
}
