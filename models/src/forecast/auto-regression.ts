// Linear regression of log counts on the last ones and on two averages, one set of weights for each bin ahead.
// The one thing to know: on the log scale the answer is near the median of what comes, which is what an absolute error wants.
import type { Forecaster } from './candidates.js';

const LAGS = 6;
const AVERAGES = [12, 60];
const FEATURES = 1 + LAGS + AVERAGES.length;
const RIDGE = 1;
const LEAST_ROWS = 60;

/** Plain JSON: weights of each bin ahead; the first is the constant. */
export interface AutoRegression {
  weights: number[][];
  /** No forecast beyond twice the highest count seen in training. */
  most: number;
}

/** undefined where there are too few bins. */
export function fitAutoRegression(counts: Float64Array, horizon: number): AutoRegression | undefined {
  const first = AVERAGES.at(-1)!;
  if (counts.length - first - horizon < LEAST_ROWS) return undefined;
  const features = tracker();
  const rows = Array.from(counts, (count) => {
    features.push(count);
    return features.row();
  });
  const weights: number[][] = [];
  for (let ahead = 1; ahead <= horizon; ahead++) {
    const gram = Array.from({ length: FEATURES }, (_, i) => {
      const line = new Array<number>(FEATURES + 1).fill(0);
      if (i) line[i] = RIDGE;
      return line;
    });
    for (let t = first; t + ahead < counts.length; t++) {
      const row = rows[t]!;
      const target = Math.log1p(counts[t + ahead]!);
      for (let i = 0; i < FEATURES; i++) {
        for (let j = 0; j < FEATURES; j++) gram[i]![j]! += row[i]! * row[j]!;
        gram[i]![FEATURES]! += row[i]! * target;
      }
    }
    weights.push(solve(gram));
  }
  return { weights, most: 2 * counts.reduce((a, b) => Math.max(a, b), 1) };
}

export function autoRegression({ weights, most }: AutoRegression): Forecaster {
  const features = tracker();
  let row = features.row();
  return {
    push(count) {
      features.push(count);
      row = features.row();
    },
    forecast(ahead) {
      const w = weights[Math.min(ahead, weights.length) - 1]!;
      const log = w.reduce((sum, weight, i) => sum + weight * row[i]!, 0);
      return Math.min(most, Math.max(0, Math.expm1(log)));
    },
  };
}

function tracker() {
  const last = new Array<number>(LAGS).fill(0);
  const slow = AVERAGES.map(() => 0);
  let seen = 0;
  return {
    push(count: number): void {
      const log = Math.log1p(count);
      seen++;
      last.unshift(log);
      last.pop();
      AVERAGES.forEach((window, i) => {
        slow[i]! += (log - slow[i]!) / Math.min(seen, window);
      });
    },
    row: (): number[] => [1, ...last, ...slow],
  };
}

/** Gaussian elimination with pivots. @param lines a square matrix with the right side as the last column; is used up. */
function solve(lines: number[][]): number[] {
  const n = lines.length;
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let r = p + 1; r < n; r++) if (Math.abs(lines[r]![p]!) > Math.abs(lines[best]![p]!)) best = r;
    [lines[p], lines[best]] = [lines[best]!, lines[p]!];
    const pivot = lines[p]!;
    if (Math.abs(pivot[p]!) < 1e-12) continue;
    for (let r = 0; r < n; r++) {
      if (r === p) continue;
      const factor = lines[r]![p]! / pivot[p]!;
      for (let c = p; c <= n; c++) lines[r]![c]! -= factor * pivot[c]!;
    }
  }
  return lines.map((line, i) => (Math.abs(line[i]!) < 1e-12 ? 0 : line[n]! / line[i]!));
}
