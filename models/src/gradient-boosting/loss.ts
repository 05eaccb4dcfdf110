// What a tree is grown against: gradient and curvature of each row, and the best constant to start from.
// Source: Friedman 2001, "Greedy Function Approximation: A Gradient Boosting Machine".
// The one thing to know: for a quantile the leaves are set to the quantile of their residuals afterwards (Friedman's LAD step).
import { quantile } from '../metrics/index.js';

export type Loss =
  /** Targets in [0, 1]; the score is log odds. */
  | { kind: 'logistic' }
  | { kind: 'squared' }
  /** Pinball loss at `level`; 0.5 is half the absolute error. */
  | { kind: 'quantile'; level: number };

export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}

export function startOf(loss: Loss, targets: Float32Array, rows: Int32Array): number {
  if (loss.kind === 'quantile') return quantile(Float32Array.from(rows, (r) => targets[r]!).sort(), loss.level);
  let sum = 0;
  for (const r of rows) sum += targets[r]!;
  const mean = rows.length ? sum / rows.length : 0;
  if (loss.kind === 'squared') return mean;
  const kept = Math.min(1 - 1e-3, Math.max(1e-3, mean));
  return Math.log(kept / (1 - kept));
}

/** Fills gradient and curvature of every row at its present score. */
export function differentiate(
  loss: Loss,
  targets: Float32Array,
  scores: Float64Array,
  gradient: Float32Array,
  curvature: Float32Array,
): void {
  for (let i = 0; i < targets.length; i++) {
    if (loss.kind === 'logistic') {
      const p = sigmoid(scores[i]!);
      gradient[i] = p - targets[i]!;
      curvature[i] = Math.max(1e-6, p * (1 - p));
    } else {
      gradient[i] = loss.kind === 'squared' ? scores[i]! - targets[i]! : slope(loss.level, targets[i]! - scores[i]!);
      curvature[i] = 1;
    }
  }
}

function slope(level: number, residual: number): number {
  if (residual === 0) return 0;
  return residual > 0 ? -level : 1 - level;
}

/** Mean loss over some rows. */
export function meanLoss(loss: Loss, targets: Float32Array, scores: Float64Array, rows: Int32Array): number {
  let sum = 0;
  for (const r of rows) {
    const residual = targets[r]! - scores[r]!;
    if (loss.kind === 'squared') sum += residual * residual;
    else if (loss.kind === 'quantile') sum += residual > 0 ? loss.level * residual : (loss.level - 1) * residual;
    else sum += Math.log1p(Math.exp(-Math.abs(scores[r]!))) + Math.max(scores[r]!, 0) - targets[r]! * scores[r]!;
  }
  return rows.length ? sum / rows.length : 0;
}
