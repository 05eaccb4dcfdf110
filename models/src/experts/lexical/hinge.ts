// One-against-rest linear separators, trained by dual coordinate descent with shrinking.
// Source: Hsieh et al. 2008, "A Dual Coordinate Descent Method for Large-scale Linear SVM" (the solver inside LIBLINEAR),
// squared hinge loss. The one thing to know: indices are in range by construction (CSR built by Vocabulary.rows).
import { seededRandom } from '../../metrics/index.js';
import type { SparseRows } from './tfidf.js';

export interface HingeOptions {
  /** Price of a row on the wrong side against the length of the weights. Default 1. */
  cost?: number;
  /** Passes over the rows at most. Default 40. */
  passes?: number;
  /** Stop when the projected gradient's range falls under this. Default 0.1, as LIBLINEAR. */
  tolerance?: number;
  /** Weight of a row, default 1 each. */
  rowWeights?: Float32Array;
  /** Rows behind those of `target`: each is a counter-example to this label, and takes no part in the others. */
  against?: Int32Array;
  seed?: number;
  /** Called after each label with the share done. */
  onProgress?: (share: number) => void;
}

export interface LinearWeights {
  labels: number;
  width: number;
  /** Feature-major: weight of feature f for label k at [f × labels + k]. */
  weights: Float32Array;
  bias: Float32Array;
}

/** @param target label number of each row, or −1 for a row that belongs to no label (a counter-example to all). */
export function trainHinge(
  rows: SparseRows,
  target: Int32Array,
  labels: number,
  options: HingeOptions = {},
): LinearWeights {
  const problem = prepare(rows, options);
  const weights = new Float32Array(rows.width * labels);
  const bias = new Float32Array(labels);
  for (let label = 0; label < labels; label++) {
    const w = separate(problem, rows, target, label, options);
    for (let f = 0; f < rows.width; f++) weights[f * labels + label] = w[f]!;
    bias[label] = w[rows.width]!;
    options.onProgress?.((label + 1) / labels);
  }
  return { labels, width: rows.width, weights, bias };
}

interface Problem {
  diagonal: Float64Array;
  curvature: Float64Array;
}

function prepare(rows: SparseRows, options: HingeOptions): Problem {
  const diagonal = new Float64Array(rows.count);
  const curvature = new Float64Array(rows.count);
  for (let r = 0; r < rows.count; r++) {
    const weight = options.rowWeights ? Math.max(1e-6, options.rowWeights[r]!) : 1;
    diagonal[r] = 0.5 / ((options.cost ?? 1) * weight);
    let squares = 1;
    for (let i = rows.starts[r]!; i < rows.starts[r + 1]!; i++) squares += rows.values[i]! * rows.values[i]!;
    curvature[r] = squares + diagonal[r]!;
  }
  return { diagonal, curvature };
}

/** The separator of one label from the rest; the last entry is the bias. */
function separate(problem: Problem, rows: SparseRows, target: Int32Array, label: number, options: HingeOptions) {
  const { passes = 40, tolerance = 0.1, seed = 1, against } = options;
  const { starts, columns, values, count, width } = rows;
  const random = seededRandom(seed + label);
  const w = new Float64Array(width + 1);
  const alpha = new Float64Array(count);
  const everywhere = Array.from({ length: target.length }, (_, i) => i);
  for (let r = target.length; r < count; r++) if (against?.[r - target.length] === label) everywhere.push(r);
  const order = Int32Array.from(everywhere);
  let active = order.length;
  let highest = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    let top = Number.NEGATIVE_INFINITY;
    let bottom = Number.POSITIVE_INFINITY;
    for (let i = 0; i < active; i++) {
      const j = i + Math.floor(random() * (active - i));
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    for (let s = 0; s < active; s++) {
      const r = order[s]!;
      const sign = target[r] === label ? 1 : -1;
      const from = starts[r]!;
      const to = starts[r + 1]!;
      let product = w[width]!;
      for (let i = from; i < to; i++) product += w[columns[i]!]! * values[i]!;
      const gradient = product * sign - 1 + alpha[r]! * problem.diagonal[r]!;
      let projected = gradient;
      if (alpha[r] === 0) {
        if (gradient > highest) {
          active--;
          order[s] = order[active]!;
          order[active] = r;
          s--;
          continue;
        }
        projected = Math.min(0, gradient);
      }
      if (projected > top) top = projected;
      if (projected < bottom) bottom = projected;
      if (Math.abs(projected) < 1e-12) continue;
      const before = alpha[r]!;
      alpha[r] = Math.max(0, before - gradient / problem.curvature[r]!);
      const step = (alpha[r]! - before) * sign;
      for (let i = from; i < to; i++) w[columns[i]!]! += step * values[i]!;
      w[width]! += step;
    }
    if (top - bottom <= tolerance) {
      if (active === order.length) break;
      active = order.length;
      highest = Number.POSITIVE_INFINITY;
    } else highest = top > 0 ? top : Number.POSITIVE_INFINITY;
  }
  return w;
}
