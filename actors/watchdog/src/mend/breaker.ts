// A circuit breaker for a master (Nygard, "Release It!"): open, it rests; half-open, a few tasks try it out; every failed attempt counts.
// Pure: what happened goes in, what to do comes out.

export interface Breaker {
  readonly master: string;
  state: 'open' | 'half-open' | 'probing';
  /** Times it opened in a row. */
  trips: number;
  openedAt: number;
  restMs: number;
  /** Tasks decided for the master since it was half-opened, with their results so far. */
  probes: Record<string, 'waiting' | 'succeeded' | 'failed'>;
  /** Failed attempts since the first trip, second tries of one task included. */
  failures: number;
}

export type BreakerMove = {
  readonly master: string;
  readonly move: 'pause' | 'try' | 'hold' | 'close';
  readonly why: string;
};

export interface BreakerLimits {
  readonly restMs: number;
  readonly probes: number;
}

const LONGEST_REST_MS = 600_000;

export function trip(before: Breaker | undefined, master: string, limits: BreakerLimits, now: number): Breaker {
  const trips = (before?.trips ?? 0) + 1;
  return {
    master,
    state: 'open',
    trips,
    openedAt: now,
    restMs: Math.min(LONGEST_REST_MS, limits.restMs * 2 ** (trips - 1)),
    probes: {},
    failures: before?.failures ?? 0,
  };
}

/** Time passes: a rested master is tried out. */
export function rested(breaker: Breaker, now: number): BreakerMove | undefined {
  if (breaker.state !== 'open' || now - breaker.openedAt < breaker.restMs) return undefined;
  breaker.state = 'half-open';
  breaker.probes = {};
  return { master: breaker.master, move: 'try', why: `it rested for ${Math.round(breaker.restMs / 1_000)} s` };
}

/** A task was decided for the master: while half-open it is a probe, and with the last one the master is held again. */
export function probed(breaker: Breaker, task: string, limits: BreakerLimits): BreakerMove | undefined {
  if (breaker.state !== 'half-open') return undefined;
  breaker.probes[task] = 'waiting';
  if (Object.keys(breaker.probes).length < limits.probes) return undefined;
  breaker.state = 'probing';
  return { master: breaker.master, move: 'hold', why: `${limits.probes} tasks try it out` };
}

/** How an attempt of the master went. */
export function attempted(
  breaker: Breaker,
  task: string,
  success: boolean,
  limits: BreakerLimits,
  now: number,
): BreakerMove | undefined {
  if (!success) breaker.failures++;
  if (breaker.state === 'open' || breaker.probes[task] !== 'waiting') return undefined;
  breaker.probes[task] = success ? 'succeeded' : 'failed';
  if (!success) {
    Object.assign(breaker, trip(breaker, breaker.master, limits, now));
    return {
      master: breaker.master,
      move: 'pause',
      why: `a task that tried it out failed, the ${breaker.trips}. time`,
    };
  }
  const results = Object.values(breaker.probes);
  if (results.length < limits.probes || results.some((result) => result !== 'succeeded')) return undefined;
  return { master: breaker.master, move: 'close', why: `${results.length} tasks that tried it out succeeded` };
}
