// Logistic regression on a handful of features: Platt scaling with one, the out-of-scope score with several.
// The one thing to know: features are standardised inside, so the penalty treats them alike.
import { minimise } from '../experts/linear/index.js';

export interface LogisticModel {
  features: string[];
  mean: number[];
  /** Spread of each feature, never 0. */
  spread: number[];
  weights: number[];
  bias: number;
}

export interface LogisticOptions {
  /** Penalty per row on the squared weights. Default 0.001. */
  penalty?: number;
  /** Weight of each row. Default 1. */
  rowWeights?: ArrayLike<number>;
}

/** @param rows row after row, `features.length` numbers each. */
export async function fitLogistic(
  features: readonly string[],
  rows: Float64Array,
  positive: ArrayLike<boolean | number>,
  options: LogisticOptions = {},
): Promise<LogisticModel> {
  const width = features.length;
  const count = positive.length;
  const { penalty = 0.001, rowWeights } = options;
  const { mean, spread } = moments(rows, width, count);
  const weightOf = (r: number) => rowWeights?.[r] ?? 1;
  let total = 0;
  for (let r = 0; r < count; r++) total += weightOf(r);
  const standard = rows.map((value, i) => standardise(value, mean[i % width]!, spread[i % width]!));
  const objective = (point: Float64Array, gradient: Float64Array) => {
    gradient.fill(0);
    let loss = 0;
    for (let r = 0; r < count; r++) {
      let z = point[width]!;
      for (let f = 0; f < width; f++) z += point[f]! * standard[r * width + f]!;
      const sign = positive[r] ? 1 : -1;
      const margin = sign * z;
      loss +=
        (weightOf(r) * (margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin)) / total;
      const slope = (-sign * weightOf(r)) / (1 + Math.exp(margin)) / total;
      for (let f = 0; f < width; f++) gradient[f]! += slope * standard[r * width + f]!;
      gradient[width]! += slope;
    }
    for (let f = 0; f < width; f++) {
      loss += 0.5 * penalty * point[f]! ** 2;
      gradient[f]! += penalty * point[f]!;
    }
    return loss;
  };
  const { point } = await minimise(new Float64Array(width + 1), objective, { steps: 200, tolerance: 1e-9 });
  return { features: [...features], mean, spread, weights: [...point.subarray(0, width)], bias: point[width]! };
}

/** Probability of "positive" for one row of features. */
export function logisticOdds(model: LogisticModel, row: ArrayLike<number>): number {
  let z = model.bias;
  for (let f = 0; f < model.weights.length; f++) {
    z += model.weights[f]! * standardise(row[f]!, model.mean[f]!, model.spread[f]!);
  }
  return 1 / (1 + Math.exp(-z));
}

/** Far outside of what was seen, a feature counts as the farthest seen would: straight lines do not go on for ever. */
const FARTHEST = 6;

function standardise(value: number, mean: number, spread: number): number {
  return Math.min(FARTHEST, Math.max(-FARTHEST, (value - mean) / spread));
}

function moments(rows: Float64Array, width: number, count: number) {
  const mean = new Array<number>(width).fill(0);
  const spread = new Array<number>(width).fill(0);
  for (let i = 0; i < rows.length; i++) mean[i % width]! += rows[i]! / count;
  for (let i = 0; i < rows.length; i++) spread[i % width]! += (rows[i]! - mean[i % width]!) ** 2 / count;
  // A feature that never varied but for rounding says nothing: its spread must not blow up the first value that does vary.
  const settled = (variance: number, f: number) => {
    const deviation = Math.sqrt(variance);
    return deviation > 1e-6 * Math.max(1, Math.abs(mean[f]!)) ? deviation : 1;
  };
  return { mean, spread: spread.map(settled) };
}
