// How sure is a figure? Percentile bootstrap over rows (Efron & Tibshirani 1993), repeatable by seed.
// One thing to know: for a comparison resample the same rows of both sides (paired), as `pairedDifference` does.
import { seededRandom } from './random.js';
import { quantile } from './summary.js';

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  /** Default 1. */
  seed?: number;
  /** Resamplings; default 1,000. */
  rounds?: number;
  /** Share of resamplings inside the interval; default 0.95. */
  level?: number;
}

/** The interval of any figure: `figure` gets the drawn row numbers (with repeats). */
export function bootstrapInterval(
  rows: number,
  figure: (drawn: Int32Array) => number,
  options: BootstrapOptions = {},
): Interval {
  const { seed = 1, rounds = 1000, level = 0.95 } = options;
  const random = seededRandom(seed);
  const drawn = new Int32Array(rows);
  const figures = new Float64Array(rounds);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < rows; i++) drawn[i] = Math.floor(random() * rows);
    figures[round] = figure(drawn);
  }
  figures.sort();
  return { low: quantile(figures, (1 - level) / 2), high: quantile(figures, (1 + level) / 2) };
}

/** The interval of a mean, e.g. of 0/1 hits: an accuracy. */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions = {}): Interval {
  return bootstrapInterval(values.length, (drawn) => meanOf(values, drawn), options);
}

/** The interval of mean(a) − factor × mean(b), both over the same rows: above 0 says that a beats factor × b. */
export function pairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions & { factor?: number } = {},
): Interval {
  const factor = options.factor ?? 1;
  return bootstrapInterval(a.length, (drawn) => meanOf(a, drawn) - factor * meanOf(b, drawn), options);
}

function meanOf(values: ArrayLike<number>, drawn: Int32Array): number {
  let sum = 0;
  for (const i of drawn) sum += values[i]!;
  return drawn.length ? sum / drawn.length : 0;
}
