// Finds a season in a training part by autocorrelation.
// The one thing to know: no season is the usual answer; one is named only where a whole second round confirms it.

const LONGEST = 2016;
const LOOKED_AT = 6000;
const LEAST = 0.35;

/** Steps of the strongest season, 0 for none. @param values without gaps. */
export function findSeason(values: ArrayLike<number>): number {
  const from = Math.max(0, values.length - LOOKED_AT);
  const n = values.length - from;
  const x = Float64Array.from({ length: n }, (_, i) => values[from + i]!);
  const middle = x.reduce((sum, v) => sum + v, 0) / Math.max(1, n);
  for (let i = 0; i < n; i++) x[i]! -= middle;
  const longest = Math.min(LONGEST, Math.floor(n / 2));
  const power = x.reduce((sum, v) => sum + v * v, 0) / Math.max(1, n);
  if (longest < 8 || power < 1e-12) return 0;
  const r = new Float64Array(longest + 1);
  for (let lag = 1; lag <= longest; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += x[i]! * x[i - lag]!;
    r[lag] = sum / (n - lag) / power;
  }
  // What decays slowly has high values at short lags: only after the first dip below a tenth does a peak count.
  let lag = 1;
  while (lag <= longest && r[lag]! > 0.1) lag++;
  let best = 0;
  for (; lag < longest; lag++) {
    const peak = r[lag]! >= r[lag - 1]! && r[lag]! >= r[lag + 1]!;
    if (peak && lag >= 4 && r[lag]! > LEAST && r[lag]! > (best ? r[best]! : 0) + 0.02) best = lag;
  }
  return best;
}
