// Mean and quantile of plain lists of numbers.

/** 0 for an empty list. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length ? sum / values.length : 0;
}

/** Linear interpolation between the neighbours in an ascending list (R's type 7); NaN for an empty one. */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  if (!ascending.length) return Number.NaN;
  const at = Math.min(1, Math.max(0, q)) * (ascending.length - 1);
  const below = Math.floor(at);
  const above = Math.min(ascending.length - 1, below + 1);
  return ascending[below]! + (at - below) * (ascending[above]! - ascending[below]!);
}
