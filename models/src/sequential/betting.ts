// Evidence that may be looked at after every row: a gambler who bets that a mean is above zero cannot get rich if it is not.
// The one thing to know: "evidence" is the logarithm of that wealth. Reaching ln(1/α) at any moment, however often one looks, happens with
// probability α at most when the mean is never above zero (Ville 1939). Waudby-Smith & Ramdas 2024, "Estimating means of bounded random
// variables by betting", JRSS-B; for gains of exactly ±1 it is Robbins' mixture SPRT of a coin (1970).

/** Shares of the wealth put on every row; the wealth is the mean over them, so that none needs to be chosen (a discrete mixture). */
export const STAKES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.95] as const;

/** How much of the wealth begins on each stake. */
export type Prior = readonly number[];

const EVEN: Prior = STAKES.map(() => 1 / STAKES.length);

/**
 * For claims with a margin. Where such a claim is true, the mean gain is the margin at least, and the stake at which wealth grows fastest (mean over
 * variance) is no small one; the largest is ruined by a few losses. Whatever lies on stakes that cannot win is lost from the beginning.
 */
export const MARGIN_PRIOR: Prior = STAKES.map((stake) => (stake >= 0.1 && stake <= 0.7 ? 0.2 : 0));

/** Plain data: lives in JSON, is never changed in place. */
export interface Evidence {
  readonly rows: number;
  /** Sum of all gains: the mean gain is `sum / rows`. */
  readonly sum: number;
  /** Logarithm of the wealth of each stake. */
  readonly logs: readonly number[];
  /** Highest evidence so far: what was once proven stays proven. */
  readonly peak: number;
}

export const NO_EVIDENCE: Evidence = { rows: 0, sum: 0, logs: STAKES.map(() => 0), peak: 0 };

/**
 * One more row. `gain` is at least −1 (all that can be lost), above zero when the row speaks for what is to be proven; the promise holds whatever
 * the most is that can be won. Throws a RangeError for anything else.
 * @param prior the same for all rows of one evidence. Default: even.
 */
export function bet(evidence: Evidence, gain: number, prior: Prior = EVEN): Evidence {
  if (!(gain >= -1 - 1e-9 && gain < Number.POSITIVE_INFINITY))
    throw new RangeError(`a gain must be a number of at least -1, got ${gain}`);
  const g = Math.max(-1, gain);
  const logs = evidence.logs.map((log, k) => log + Math.log1p((STAKES[k] ?? 0) * g));
  const next = { rows: evidence.rows + 1, sum: evidence.sum + g, logs };
  return { ...next, peak: Math.max(evidence.peak, logMix(logs, prior)) };
}

/** Logarithm of the wealth now. */
export function evidenceOf(evidence: Evidence, prior: Prior = EVEN): number {
  return logMix(evidence.logs, prior);
}

/** Whether it was ever proven at error probability `alpha`. */
export function proven(evidence: Evidence, alpha: number): boolean {
  return evidence.peak >= Math.log(1 / alpha);
}

/** Evidence that the first of two wins more than half of the rows in which exactly one of them was right. */
export function signEvidence(wins: number, losses: number): number {
  return logMeanExp(STAKES.map((stake) => wins * Math.log1p(stake) + losses * Math.log1p(-stake)));
}

export function logMeanExp(logs: readonly number[]): number {
  return logMix(
    logs,
    logs.map(() => 1 / logs.length),
  );
}

function logMix(logs: readonly number[], prior: Prior): number {
  const top = Math.max(...logs.filter((_, k) => (prior[k] ?? 0) > 0));
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (const [k, log] of logs.entries()) if ((prior[k] ?? 0) > 0) sum += (prior[k] ?? 0) * Math.exp(log - top);
  return top + Math.log(sum);
}
