// Has the share of failures jumped? A one-sided cumulative sum of log-likelihood ratios (Page 1954) against the usual share of the very
// thing watched. The one thing to know: what happens during an excursion is learned only when it ends, so a collapse never becomes normal.

export interface Cusum {
  /** What counts as usual, as a running count of at most `MEMORY`. */
  bad: number;
  all: number;
  /** Since the sum was last zero. */
  excursionBad: number;
  excursionAll: number;
  sum: number;
  /** When the excursion began. */
  since: number;
  alarm: boolean;
}

/** By Lorden (1971) at least e^12 (about 160,000) results pass between false alarms; ten failures in a row of a good master reach it. */
export const CUSUM_LIMIT = 12;
/** The first results only teach, unless nearly all are bad. */
const WARM_UP = 30;
const MEMORY = 500;
const PRIOR = 10;

/** @param usual share of bad results before anything is known */
export function newCusum(usual: number): Cusum {
  return { bad: usual * PRIOR, all: PRIOR, excursionBad: 0, excursionAll: 0, sum: 0, since: 0, alarm: false };
}

/** The usual share of bad results. */
export function usualShare({ bad, all }: Cusum): number {
  return Math.min(0.6, Math.max(0.02, bad / all));
}

/**
 * What the usual share may be at most, as far as the results tell (Wilson 1927, two standard errors). The sum is held against this: with an estimate
 * from forty results that happens to be low, ordinary failures would add up.
 */
function usualAtMost(cusum: Cusum): number {
  const share = usualShare(cusum);
  const n = cusum.all;
  const z2 = 4;
  const spread = 2 * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return Math.min(0.7, (share + z2 / (2 * n) + spread) / (1 + z2 / n));
}

/** Takes one result in. `alarm` rises beyond the limit and falls when the sum has come down by half. */
export function addResult(cusum: Cusum, bad: boolean, now: number): void {
  if (cusum.all < PRIOR + WARM_UP) {
    if (cusum.excursionAll === 0) cusum.since = now;
    cusum.excursionAll++;
    if (bad) cusum.excursionBad++;
    const share = cusum.excursionBad / cusum.excursionAll;
    cusum.alarm = cusum.excursionAll >= 12 && share >= (cusum.alarm ? 0.6 : 0.9);
    // Nothing but failures from the start on is no custom to learn.
    if (!cusum.alarm) learn(cusum, bad ? 1 : 0, 1);
    if (cusum.all >= PRIOR + WARM_UP) Object.assign(cusum, { excursionAll: 0, excursionBad: 0 });
    return;
  }
  const usual = usualAtMost(cusum);
  const raised = Math.min(0.95, Math.max(2 * usual, usual + 0.25));
  const step = bad ? Math.log(raised / usual) : Math.log((1 - raised) / (1 - usual));
  if (cusum.sum === 0) cusum.since = now;
  // Capped, so that recovery is seen within as many good results as the alarm took bad ones.
  cusum.sum = Math.min(CUSUM_LIMIT * 1.25, Math.max(0, cusum.sum + step));
  cusum.excursionAll++;
  if (bad) cusum.excursionBad++;
  if (cusum.sum === 0) {
    learn(cusum, cusum.excursionBad, cusum.excursionAll);
    cusum.excursionAll = 0;
    cusum.excursionBad = 0;
  }
  if (cusum.sum > CUSUM_LIMIT) cusum.alarm = true;
  else if (cusum.sum < CUSUM_LIMIT / 2) cusum.alarm = false;
}

/** Begins anew, with what is known of the usual share. */
export function forgive(cusum: Cusum): void {
  Object.assign(cusum, { sum: 0, excursionBad: 0, excursionAll: 0, alarm: false });
}

function learn(cusum: Cusum, bad: number, all: number): void {
  cusum.bad += bad;
  cusum.all += all;
  if (cusum.all <= MEMORY) return;
  cusum.bad *= MEMORY / cusum.all;
  cusum.all = MEMORY;
}
