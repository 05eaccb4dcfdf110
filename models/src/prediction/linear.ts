// Ridge and ridge-logistic regression over sparse rows by Newton steps with conjugate gradients inside.
// Source: Lin, Weng & Keerthi 2008, "Trust Region Newton Method for Large-Scale Logistic Regression" (without the region: the
// ridge term keeps the steps tame, and a step that does not help is halved). The one thing to know: the bias is not shrunk.
import { sigmoid } from '../gradient-boosting/index.js';
import { addRows, type SparseMatrix, timesRows } from './sparse.js';

export interface LinearOptions {
  loss: 'logistic' | 'squared';
  /** Ridge: λ/2 · |w|² against the sum of losses. */
  ridge: number;
  /** Newton steps at most; default 8. A squared loss needs one or two. */
  steps?: number;
}

/** @returns one weight a column, the bias last. */
export function trainLinear(
  matrix: SparseMatrix,
  targets: Float32Array,
  rows: Int32Array,
  options: LinearOptions,
): Float64Array {
  const { loss, ridge, steps = 8 } = options;
  const size = matrix.width + 1;
  const w = new Float64Array(size);
  const scores = new Float64Array(rows.length);
  const slopes = new Float64Array(rows.length);
  const bends = new Float64Array(rows.length).fill(1);
  const gradient = new Float64Array(size);
  let value = objective(loss, ridge, targets, rows, scores, w);
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < rows.length; i++) {
      const answer = loss === 'logistic' ? sigmoid(scores[i]!) : scores[i]!;
      slopes[i] = answer - targets[rows[i]!]!;
      if (loss === 'logistic') bends[i] = Math.max(1e-9, answer * (1 - answer));
    }
    gradient.fill(0);
    addRows(matrix, rows, slopes, gradient);
    for (let k = 0; k < matrix.width; k++) gradient[k]! += ridge * w[k]!;
    const direction = solve(matrix, rows, bends, ridge, gradient);
    let length = 1;
    let next = value;
    const moved = new Float64Array(size);
    for (; length > 1e-3; length /= 2) {
      for (let k = 0; k < size; k++) moved[k] = w[k]! + length * direction[k]!;
      timesRows(matrix, rows, moved, scores);
      next = objective(loss, ridge, targets, rows, scores, moved);
      if (next <= value) break;
    }
    if (!(next <= value)) break;
    w.set(moved);
    const gained = value - next;
    value = next;
    if (gained < 1e-5 * (1 + Math.abs(value))) break;
  }
  return w;
}

function objective(
  loss: 'logistic' | 'squared',
  ridge: number,
  targets: Float32Array,
  rows: Int32Array,
  scores: Float64Array,
  w: Float64Array,
): number {
  let sum = 0;
  for (let k = 0; k < w.length - 1; k++) sum += w[k]! * w[k]!;
  sum *= ridge / 2;
  for (let i = 0; i < rows.length; i++) {
    const s = scores[i]!;
    const y = targets[rows[i]!]!;
    sum += loss === 'squared' ? (s - y) ** 2 / 2 : Math.log1p(Math.exp(-Math.abs(s))) + Math.max(s, 0) - y * s;
  }
  return sum;
}

/** Conjugate gradients on (Xᵀ B X + λI) d = −gradient, to a tenth of the residual or 40 rounds. */
function solve(matrix: SparseMatrix, rows: Int32Array, bends: Float64Array, ridge: number, gradient: Float64Array) {
  const size = gradient.length;
  const d = new Float64Array(size);
  const residual = Float64Array.from(gradient, (g) => -g);
  const p = residual.slice();
  const product = new Float64Array(size);
  const seen = new Float64Array(rows.length);
  let norm = dot(residual, residual);
  const enough = norm * 0.05 ** 2;
  for (let round = 0; round < 40 && norm > enough && norm > 1e-18; round++) {
    timesRows(matrix, rows, p, seen);
    for (let i = 0; i < rows.length; i++) seen[i]! *= bends[i]!;
    product.fill(0);
    addRows(matrix, rows, seen, product);
    for (let k = 0; k < matrix.width; k++) product[k]! += ridge * p[k]!;
    const alpha = norm / dot(p, product);
    for (let k = 0; k < size; k++) {
      d[k]! += alpha * p[k]!;
      residual[k]! -= alpha * product[k]!;
    }
    const after = dot(residual, residual);
    for (let k = 0; k < size; k++) p[k] = residual[k]! + (after / norm) * p[k]!;
    norm = after;
  }
  return d;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
