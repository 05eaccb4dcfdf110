// From scores to odds: softmax, and the stack that adds several voices' scores with one weight each.
// The one thing to know: with one voice the stack is temperature scaling (Guo et al. 2017); with several it is a logarithmic
// opinion pool whose weights are fitted by log loss on rows that no voice was trained on.
import { minimise } from '../experts/linear/index.js';

/** exp and normalise in place, safely; returns the logarithm of the sum before normalising. */
export function softmaxInPlace(row: Float64Array | Float32Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < row.length; k++) if (row[k]! > top) top = row[k]!;
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    row[k] = Math.exp(row[k]! - top);
    sum += row[k]!;
  }
  for (let k = 0; k < row.length; k++) row[k]! /= sum;
  return top + Math.log(sum);
}

/** Number of the largest entry; the first of equals. */
export function largest(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if (row[k]! > row[best]!) best = k;
  return best;
}

export interface StackProblem {
  labels: number;
  /** Scores of each voice, row after row. */
  voices: readonly Float32Array[];
  /** Right label of each row; rows with −1 take no part. */
  target: Int32Array;
  /** What each weight is when there is nothing to learn from. */
  prior: readonly number[];
  /** How many rows the prior is worth. Default 20. */
  priorRows?: number;
}

/** Σ weight × scores of one row, softmaxed, into `odds`. */
export function stackOdds(
  weights: ArrayLike<number>,
  voices: readonly Float32Array[],
  row: number,
  odds: Float64Array,
): Float64Array {
  const labels = odds.length;
  odds.fill(0);
  for (let v = 0; v < voices.length; v++) {
    const weight = weights[v]!;
    if (weight === 0) continue;
    const scores = voices[v]!;
    const offset = row * labels;
    for (let k = 0; k < labels; k++) odds[k]! += weight * scores[offset + k]!;
  }
  softmaxInPlace(odds);
  return odds;
}

/** Weights above 0 that minimise log loss on the rows, pulled towards the prior (in logarithms) when rows are few. */
export async function fitStack(problem: StackProblem): Promise<Float64Array> {
  const { labels, voices, target, prior, priorRows = 20 } = problem;
  const used: number[] = [];
  target.forEach((label, r) => {
    if (label >= 0) used.push(r);
  });
  if (!used.length || labels < 2) return Float64Array.from(prior);
  const odds = new Float64Array(labels);
  const start = Float64Array.from(prior, (w) => Math.log(w));
  const objective = (logs: Float64Array, gradient: Float64Array) => {
    const weights = logs.map(Math.exp);
    gradient.fill(0);
    let loss = 0;
    for (const r of used) {
      stackOdds(weights, voices, r, odds);
      const truth = target[r]!;
      loss -= Math.log(Math.max(1e-12, odds[truth]!));
      for (let v = 0; v < voices.length; v++) {
        const scores = voices[v]!;
        const offset = r * labels;
        let expected = 0;
        for (let k = 0; k < labels; k++) expected += odds[k]! * scores[offset + k]!;
        gradient[v]! += expected - scores[offset + truth]!;
      }
    }
    for (let v = 0; v < voices.length; v++) {
      const away = logs[v]! - start[v]!;
      loss += 0.5 * priorRows * 0.1 * away * away;
      gradient[v] = (gradient[v]! * weights[v]! + priorRows * 0.1 * away) / used.length;
    }
    return loss / used.length;
  };
  const { point } = await minimise(start, objective, { steps: 50, tolerance: 1e-6 });
  return point.map(Math.exp);
}
