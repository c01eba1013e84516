// When to renew a lease: grafOS's policy. Pure arithmetic; the lease owns the timer.

export interface RenewalPolicy {
  /** Share of the lease's time after which it is renewed. */
  readonly fraction: number;
  /** Largest deviation from that, as a share of it, either way: leases granted together do not renew together. */
  readonly jitter: number;
  /** Never renew sooner than this, milliseconds, unless the lease is too short to wait so long. */
  readonly delayMsMin: number;
  /** After a failed renewal the next try comes after 100 ms, doubled each time, at most this many milliseconds. */
  readonly backoffMsMax: number;
}

export const defaultRenewalPolicy: RenewalPolicy = {
  fraction: 0.75,
  jitter: 0.1,
  delayMsMin: 30_000,
  backoffMsMax: 5_000,
};

const backoffMsFirst = 100;

/**
 * Milliseconds until a lease that has `leaseMs` left is renewed. `draw` is uniform in [0, 1). The policy's lower
 * bound holds where it leaves a tenth of the lease's time to spare, otherwise the fraction alone decides.
 */
export function renewalDelayMs(leaseMs: number, policy: RenewalPolicy, draw: number): number {
  const planned = leaseMs * policy.fraction * (1 + policy.jitter * (2 * draw - 1));
  return policy.delayMsMin <= leaseMs * 0.9 ? Math.max(planned, policy.delayMsMin) : planned;
}

/** Milliseconds to wait after `failures` (1 or more) failed renewals in a row. */
export function renewalBackoffMs(failures: number, policy: RenewalPolicy): number {
  return Math.min(backoffMsFirst * 2 ** (failures - 1), policy.backoffMsMax);
}

/**
 * What a holder takes off the time its home reported, so that it stops first although the clocks run at different rates: a millisecond and one part
 * in a thousand, ten times what quartz is off by.
 */
export function holderMarginMs(remainingMs: number): number {
  return 1 + remainingMs / 1000;
}

/** A small deterministic generator in [0, 1) (mulberry32), seeded by a lease's id: its renewals can be replayed. */
export function seededDraws(seedHex: string): () => number {
  let state = Number.parseInt(seedHex.slice(-8), 16) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
