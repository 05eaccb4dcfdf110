// The mean of figures in [0, 1] with an interval that holds at every moment at once, however often one looks.
// Predictable plug-in empirical Bernstein confidence sequence: Waudby-Smith & Ramdas 2024, theorem 2.

export interface RunningMean {
  readonly rows: number;
  readonly sum: number;
  /** Sums of: squared deviation from the running mean; stake; stake × figure; squared surprise × cost of the stake. */
  readonly spread: number;
  readonly stakes: number;
  readonly staked: number;
  readonly surprise: number;
}

export const NO_MEAN: RunningMean = { rows: 0, sum: 0, spread: 0, stakes: 0, staked: 0, surprise: 0 };

/** `alpha` must be the same for every row. Throws a RangeError for a figure outside [0, 1]. */
export function observeMean(state: RunningMean, figure: number, alpha = 0.05): RunningMean {
  if (!(figure >= 0 && figure <= 1)) throw new RangeError(`a figure must lie in [0, 1], got ${figure}`);
  const t = state.rows + 1;
  const before = (0.5 + state.sum) / t;
  const variance = (0.25 + state.spread) / t;
  const stake = Math.min(0.5, Math.sqrt((2 * Math.log(2 / alpha)) / (variance * t * Math.log(1 + t))));
  const sum = state.sum + figure;
  const after = (0.5 + sum) / (t + 1);
  return {
    rows: t,
    sum,
    spread: state.spread + (figure - after) ** 2,
    stakes: state.stakes + stake,
    staked: state.staked + stake * figure,
    surprise: state.surprise + (figure - before) ** 2 * (-Math.log(1 - stake) - stake),
  };
}

/** Mean and interval; the whole of [0, 1] before the first row. */
export function meanInterval(state: RunningMean, alpha = 0.05): { mean: number; low: number; high: number } {
  if (state.rows === 0) return { mean: Number.NaN, low: 0, high: 1 };
  const centre = state.staked / state.stakes;
  const radius = (Math.log(2 / alpha) + state.surprise) / state.stakes;
  return { mean: state.sum / state.rows, low: Math.max(0, centre - radius), high: Math.min(1, centre + radius) };
}
