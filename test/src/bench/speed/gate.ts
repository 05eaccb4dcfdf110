// The regression gate: ratios of this run against the last kept result. Pure.

/** What is kept and compared: the lower the better, each measured against a floor in its own run. */
export type Ratios = Readonly<Record<string, number>>;

/**
 * How far a ratio may rise above the kept one. Two quiet runs differed by 1 %, a quiet one and one on a machine overloaded sixteen times by 26 %.
 * What makes a decision twice as dear is found, what makes it a tenth dearer is not: for that there is `bench:versus`.
 */
export const ALLOWANCE = 2;

export interface Verdict {
  readonly what: string;
  readonly ratio: number;
  readonly kept: number;
  /** Above the kept one by more than the allowance. */
  readonly worse: boolean;
}

/** Judges what both have. A ratio that could not be measured is worse: a gate that measures nothing must not be green. */
export function judge(now: Ratios, kept: Ratios, allowance = ALLOWANCE): Verdict[] {
  return Object.entries(kept).map(([what, before]) => {
    const ratio = now[what] ?? Number.NaN;
    return { what, ratio, kept: before, worse: !(ratio <= before * allowance) };
  });
}
