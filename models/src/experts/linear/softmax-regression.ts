// Multinomial logistic regression on dense vectors with an L2 penalty: the linear head on the encoder's vectors.
// The one thing to know: one fit of 10,000 rows × 384 × 150 labels takes seconds, since its two products run in onnxruntime.
import type { LinearWeights } from '../lexical/index.js';
import { type Matrix, multiply } from './matrix.js';
import { minimise } from './minimise.js';

export interface SoftmaxOptions {
  /** Inverse strength of the penalty, as scikit-learn's C: loss sums over rows, penalty is |W|²/2C. Default 10. */
  cost?: number;
  /** Steps of the solver at most. Default 60. */
  steps?: number;
  /** Weight of each row, default 1. */
  rowWeights?: Float32Array;
  signal?: AbortSignal;
  onProgress?: (share: number) => void;
}

/**
 * @param target label number of each row; rows with −1 (nobody fits) take no part.
 * @returns weights, feature-major like the lexical voice's.
 */
export async function trainSoftmax(rows: Matrix, target: Int32Array, labels: number, options: SoftmaxOptions = {}) {
  const { cost = 10, steps = 60 } = options;
  const { x, y, weight } = labelled(rows, target, options.rowWeights);
  const width = x.columns;
  const count = Math.max(1, x.rows);
  const penalty = 1 / (cost * count);
  const size = width * labels;
  const objective = async (point: Float64Array, gradient: Float64Array) => {
    const w: Matrix = { rows: width, columns: labels, data: Float32Array.from(point.subarray(0, size)) };
    const scores = await multiply(x, w);
    const biasGradient = gradient.subarray(size).fill(0);
    let loss = residuals(scores, point.subarray(size), y, weight, biasGradient);
    const slope = await multiply(x, scores, 'left-transposed');
    for (let i = 0; i < size; i++) {
      gradient[i] = slope.data[i]! / count + penalty * point[i]!;
      loss += 0.5 * penalty * count * point[i]! * point[i]!;
    }
    for (let k = 0; k < labels; k++) biasGradient[k]! /= count;
    return loss / count;
  };
  const { point } = await minimise(new Float64Array(size + labels), objective, {
    steps,
    tolerance: 1e-5,
    signal: options.signal,
    onStep: (step) => options.onProgress?.(step / steps),
  });
  const fitted: LinearWeights = {
    labels,
    width,
    weights: Float32Array.from(point.subarray(0, size)),
    bias: Float32Array.from(point.subarray(size)),
  };
  return fitted;
}

function labelled(rows: Matrix, target: Int32Array, rowWeights?: Float32Array) {
  const kept: number[] = [];
  target.forEach((label, r) => {
    if (label >= 0) kept.push(r);
  });
  const x: Matrix = { rows: kept.length, columns: rows.columns, data: new Float32Array(kept.length * rows.columns) };
  kept.forEach((r, i) => {
    x.data.set(rows.data.subarray(r * rows.columns, (r + 1) * rows.columns), i * rows.columns);
  });
  return {
    x,
    y: Int32Array.from(kept, (r) => target[r]!),
    weight: Float32Array.from(kept, (r) => rowWeights?.[r] ?? 1),
  };
}

/** Turns scores into (odds − truth) × weight in place; returns the summed log loss and adds up the bias gradient. */
function residuals(
  scores: Matrix,
  bias: Float64Array,
  y: Int32Array,
  weight: Float32Array,
  biasGradient: Float64Array,
) {
  const labels = scores.columns;
  let loss = 0;
  for (let r = 0; r < scores.rows; r++) {
    const row = scores.data.subarray(r * labels, (r + 1) * labels);
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < labels; k++) {
      row[k]! += bias[k]!;
      if (row[k]! > top) top = row[k]!;
    }
    const truth = row[y[r]!]! - top;
    let sum = 0;
    for (let k = 0; k < labels; k++) sum += row[k] = Math.exp(row[k]! - top);
    loss += weight[r]! * (Math.log(sum) - truth);
    for (let k = 0; k < labels; k++) {
      const residual = weight[r]! * (row[k]! / sum - Number(k === y[r]));
      row[k] = residual;
      biasGradient[k]! += residual;
    }
  }
  return loss;
}
