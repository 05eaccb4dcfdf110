// Robust location and scale, and the scaling of a gauge that every detector works on.
// The one thing to know: asinh keeps the middle linear and tames what is far out, so one spike cannot blind a window after it.
import { quantile } from '../metrics/index.js';

export interface Scale {
  middle: number;
  spread: number;
}

/** Median and 1.4826 × MAD of the known values; falls back to wider quantiles, then to a fiftieth of the level. */
export function scaleOf(values: ArrayLike<number>): Scale {
  const known = Float64Array.from(Array.from(values).filter(Number.isFinite)).sort();
  if (!known.length) return { middle: 0, spread: 1 };
  const middle = quantile(known, 0.5);
  const away = known.map((x) => Math.abs(x - middle)).sort();
  const span = quantile(known, 0.98) - quantile(known, 0.02);
  // Where most values are equal the MAD is 0 and says nothing; a tenth of the whole range bounds it from below.
  const spread = Math.max(1.4826 * quantile(away, 0.5), span / 10, (known[known.length - 1]! - known[0]!) / 100);
  return { middle, spread: spread > 0 ? spread : Math.max(Math.abs(middle) / 50, 1e-9) };
}

/** About the number of spreads from the middle near it, its logarithm far out. */
export function squash(value: number, { middle, spread }: Scale): number {
  return Math.asinh((value - middle) / spread);
}

/** Standard deviation about 0 that a few outliers cannot move; at least `least`. */
export function spreadOf(values: ArrayLike<number>, least = 1e-6): number {
  const away = Float64Array.from(values, Math.abs).sort();
  if (!away.length) return 1;
  return Math.max(1.4826 * quantile(away, 0.5), quantile(away, 0.9) / 1.645, least);
}
