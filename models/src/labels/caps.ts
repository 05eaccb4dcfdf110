// No single voice may own what is learned: whoever poisons the labels can move them only so far. Pure.

export interface Capped {
  readonly sayer: string;
  readonly rows: number;
  /** Weight of all its rows before and after. */
  readonly before: number;
  readonly after: number;
}

/**
 * Weighs the rows of each sayer down to `maxShare` of all weight, but never below `freeWeight` in sum. A sayer that is alone has nobody to be
 * compared with and keeps its weight.
 */
export function capWeights<T extends { readonly sayer: string; readonly weight: number }>(
  rows: readonly T[],
  maxShare: number,
  freeWeight: number,
): { rows: T[]; capped: Capped[] } {
  const sums = new Map<string, { rows: number; weight: number }>();
  let total = 0;
  for (const { sayer, weight } of rows) {
    const sum = sums.get(sayer) ?? { rows: 0, weight: 0 };
    sum.rows++;
    sum.weight += weight;
    total += weight;
    sums.set(sayer, sum);
  }
  if (sums.size < 2 || maxShare >= 1) return { rows: [...rows], capped: [] };
  const factors = new Map<string, number>();
  const capped: Capped[] = [];
  for (const [sayer, { rows: count, weight }] of sums) {
    // Of all weight after the cut: others keep theirs, so a sayer may have `share / (1 - share)` of what the others have.
    const allowed = Math.max(freeWeight, ((total - weight) * maxShare) / (1 - maxShare));
    if (weight <= allowed) continue;
    factors.set(sayer, allowed / weight);
    capped.push({ sayer, rows: count, before: weight, after: allowed });
  }
  if (capped.length === 0) return { rows: [...rows], capped };
  return {
    rows: rows.map((row) => ({ ...row, weight: row.weight * (factors.get(row.sayer) ?? 1) })),
    capped,
  };
}
