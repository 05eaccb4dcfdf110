// The forecasters to choose from, simplest first. Each is fed counts one by one and asked for h bins ahead.
// The one thing to know: order matters: a later one serves only where it beats the earlier ones clearly on validation.
import { mean } from '../metrics/index.js';
import { type AutoRegression, autoRegression, fitAutoRegression } from './auto-regression.js';

export interface Forecaster {
  push(count: number): void;
  /** Expected count `ahead` bins after the last pushed one; never below 0. @param ahead from 1. */
  forecast(ahead: number): number;
}

/** Plain JSON. */
export type Candidate =
  | { kind: 'last' }
  | { kind: 'moving_average'; window: number }
  | { kind: 'moving_median'; window: number }
  | { kind: 'ewma'; alpha: number }
  | { kind: 'holt'; alpha: number; beta: number; damping: number }
  | { kind: 'seasonal'; season: number; alpha: number }
  | { kind: 'auto_regression'; model: AutoRegression };

/** Simplest first. @param counts what may be learned from. @param horizon most bins ahead. @param season bins, 0 for none. */
export function candidates(counts: Float64Array, horizon: number, season: number): Candidate[] {
  const out: Candidate[] = [{ kind: 'last' }];
  for (const window of [3, 6, 12, 30, 90]) out.push({ kind: 'moving_average', window });
  for (const window of [6, 12, 30, 90]) out.push({ kind: 'moving_median', window });
  for (const alpha of [0.05, 0.1, 0.2, 0.35, 0.5]) out.push({ kind: 'ewma', alpha });
  for (const alpha of [0.1, 0.3]) out.push({ kind: 'holt', alpha, beta: 0.05, damping: 0.9 });
  if (season > 1) for (const alpha of [0.05, 0.2]) out.push({ kind: 'seasonal', season, alpha });
  const model = fitAutoRegression(counts, horizon);
  if (model) out.push({ kind: 'auto_regression', model });
  return out;
}

export function nameOf(candidate: Candidate): string {
  switch (candidate.kind) {
    case 'moving_average':
    case 'moving_median':
      return `${candidate.kind}(${candidate.window})`;
    case 'ewma':
      return `ewma(${candidate.alpha})`;
    case 'holt':
      return `holt(${candidate.alpha})`;
    case 'seasonal':
      return `seasonal(${candidate.season},${candidate.alpha})`;
    default:
      return candidate.kind;
  }
}

export function openCandidate(candidate: Candidate): Forecaster {
  switch (candidate.kind) {
    case 'last':
      return lastOf(1, mean);
    case 'moving_average':
      return lastOf(candidate.window, mean);
    case 'moving_median':
      return lastOf(candidate.window, (values) => {
        const sorted = values.slice().sort((a, b) => a - b);
        return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
      });
    case 'ewma':
      return holt(candidate.alpha, 0, 1);
    case 'holt':
      return holt(candidate.alpha, candidate.beta, candidate.damping);
    case 'seasonal':
      return seasonal(candidate.season, candidate.alpha);
    case 'auto_regression':
      return autoRegression(candidate.model);
  }
}

function lastOf(window: number, summary: (values: number[]) => number): Forecaster {
  const values: number[] = [];
  let known = 0;
  return {
    push(count) {
      values.push(count);
      if (values.length > window) values.shift();
      known = summary(values);
    },
    forecast: () => known,
  };
}

/** Holt's damped trend; without a trend (beta 0) an exponential moving average. */
function holt(alpha: number, beta: number, damping: number): Forecaster {
  let level = Number.NaN;
  let trend = 0;
  return {
    push(count) {
      if (Number.isNaN(level)) {
        level = count;
        return;
      }
      const before = level;
      level = alpha * count + (1 - alpha) * (level + damping * trend);
      trend = beta * (level - before) + (1 - beta) * damping * trend;
    },
    forecast(ahead) {
      let value = Number.isNaN(level) ? 0 : level;
      for (let h = 1, part = damping; h <= ahead && trend !== 0; h++, part *= damping) value += part * trend;
      return Math.max(0, value);
    },
  };
}

/** The value a season ago, moved by how much lately lies above its own season ago. */
function seasonal(season: number, alpha: number): Forecaster {
  const round: number[] = [];
  let step = 0;
  let off = 0;
  return {
    push(count) {
      const place = step % season;
      const before = round[place];
      if (before !== undefined) off += alpha * (count - before - off);
      round[place] = count;
      step++;
    },
    forecast(ahead) {
      if (!step) return 0;
      const before = round[(step - 1 + ahead) % season] ?? mean(round);
      return Math.max(0, before + off);
    },
  };
}
