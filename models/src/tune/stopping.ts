// Which trials are worth going on with: successive halving without waiting for each other (Li et al.: A System for Massively Parallel
// Hyperparameter Tuning, MLSys 2020), in the form that stops instead of pausing.
// The one thing to know: a trial is judged at its rungs only, against what the others had at the same pass, so it can run anywhere.

export interface StoppingOptions {
  /** Passes before the first judgement. Default 2. */
  readonly first?: number;
  /** Of so many trials at a rung one goes on; rungs grow by the same factor. Default 3. */
  readonly factor?: number;
}

/** @param values held-out loss after each pass of this trial. @param others the same of all others, finished or not. */
export function worthGoingOn(
  values: readonly number[],
  others: readonly (readonly number[])[],
  { first = 2, factor = 3 }: StoppingOptions = {},
): boolean {
  if (values.some((value) => !Number.isFinite(value))) return false;
  if (!isRung(values.length, first, factor)) return true;
  const passes = values.length;
  const mine = Math.min(...values);
  const there = others.filter((o) => o.length >= passes).map((o) => Math.min(...o.slice(0, passes)));
  // Too few to say: the first ones go on, so that there is something to compare with.
  if (there.length + 1 < factor) return true;
  const better = there.filter((value) => value < mine).length;
  return better < Math.max(1, Math.ceil((there.length + 1) / factor));
}

function isRung(passes: number, first: number, factor: number): boolean {
  for (let rung = first; rung <= passes; rung *= factor) if (rung === passes) return true;
  return false;
}
