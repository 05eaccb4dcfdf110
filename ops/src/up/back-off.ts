// How long to wait before the nth restart: at once-ish first, at most 30 s, and from the start again after a quiet while.

export interface BackOff {
  /** Milliseconds before the next restart. */
  next(): number;
  /** Restarts since it was last quiet. */
  count(): number;
}

/** @param quietMs after so long without a restart the curve begins anew */
export function backOff(quietMs = 60_000, firstMs = 200, mostMs = 30_000, now: () => number = Date.now): BackOff {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    next() {
      if (now() - last > quietMs) count = 0;
      last = now();
      count++;
      return Math.min(mostMs, firstMs * 2 ** (count - 1));
    },
    count: () => (now() - last > quietMs ? 0 : count),
  };
}
