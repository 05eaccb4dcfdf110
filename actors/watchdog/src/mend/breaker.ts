// A circuit breaker for a master (Nygard, "Release It!"): open, it rests; half-open, a few tasks try it out; every failed attempt counts.
// Pure: what happened goes in, what to do comes out.

export interface Breaker {
  readonly master: string;
  state: 'open' | 'half-open' | 'probing';
  /** Times it opened in a row. */
  trips: number;
  openedAt: number;
  restMs: number;
  /** When a look first found it waiting for its trial. */
  triedAt?: number;
  /** Tasks decided for the master since it was last half-opened, and times that was since it rested. */
  letThrough?: number;
  waves?: number;
  /** Those since it first half-opened after its rest, with their results so far. */
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

/**
 * Time passes: a rested master is tried out. So is one whose trial does not end within twice its rest (then four times, eight times): a task that
 * was cancelled, went elsewhere, or ended while nobody led tells nothing any more, and the master must not wait for it for ever.
 */
export function rested(breaker: Breaker, now: number): BreakerMove | undefined {
  const { master, state, restMs } = breaker;
  if (state === 'half-open') return undefined;
  const first = state === 'open';
  if (!first) breaker.triedAt ??= now;
  const waves = first ? 0 : (breaker.waves ?? 1);
  const waits = Math.min(LONGEST_REST_MS, restMs * 2 ** waves);
  if (now - (first ? breaker.openedAt : (breaker.triedAt ?? now)) < waits) return undefined;
  if (first) breaker.probes = {};
  delete breaker.triedAt;
  Object.assign(breaker, { state: 'half-open', letThrough: 0, waves: waves + 1 });
  const seconds = Math.round(waits / 1_000);
  const why = first ? `it rested for ${seconds} s` : `its trial has not ended within ${seconds} s: others try it out`;
  return { master, move: 'try', why };
}

/** A task was decided for the master: while half-open it is a probe, and with the last one the master is held again. */
export function probed(breaker: Breaker, task: string, limits: BreakerLimits): BreakerMove | undefined {
  if (breaker.state !== 'half-open') return undefined;
  if (breaker.probes[task] === undefined) breaker.letThrough = (breaker.letThrough ?? 0) + 1;
  breaker.probes[task] = 'waiting';
  if ((breaker.letThrough ?? 0) < limits.probes) return undefined;
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
      why: `a task that tried it out failed, the ${breaker.trips}. time (${breaker.failures} failed attempts since it was first paused)`,
    };
  }
  const good = Object.values(breaker.probes).filter((result) => result === 'succeeded').length;
  if (good < limits.probes) return undefined;
  return { master: breaker.master, move: 'close', why: `${good} tasks that tried it out succeeded` };
}
