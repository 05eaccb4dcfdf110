// Figures of a predictor on rows it had not seen, from the predictions its cross-fitting left behind: what a training reports.
import { auroc, brierScore, expectedCalibrationError, mean, quantile } from '../metrics/index.js';
import { type FittedPredictor, QUANTITIES } from '../prediction/index.js';

/** `success/auroc`, `minutes/mae` …; null where it cannot be measured, such as when nothing ever failed. */
export function heldOutMetrics({ held, rows }: Pick<FittedPredictor, 'held' | 'rows'>): Record<string, number | null> {
  const metrics: Record<string, number | null> = {};
  const put = (name: string, value: number) => {
    metrics[name] = Number.isFinite(value) ? value : null;
  };
  for (const family of ['success', ...QUANTITIES] as const) {
    const said = held[family];
    if (!said) continue;
    const pairs = rows.flatMap((row, r) => {
      const truth = row[family];
      const value = said[r];
      return truth === undefined || value === undefined || Number.isNaN(value) ? [] : [{ truth, value }];
    });
    put(`${family}/rows`, pairs.length);
    if (pairs.length === 0) continue;
    if (family === 'success') {
      const values = pairs.map((p) => p.value);
      const truths = pairs.map((p) => p.truth >= 0.5);
      put('success/auroc', auroc(values, truths));
      put('success/brier', brierScore(values, truths));
      put('success/ece', expectedCalibrationError(values, truths));
      put('success/base_rate', mean(pairs.map((p) => p.truth)));
    } else {
      const errors = pairs.map((p) => Math.abs(p.truth - p.value)).sort((a, b) => a - b);
      put(`${family}/mae`, mean(errors));
      put(`${family}/medae`, quantile(errors, 0.5));
    }
  }
  return metrics;
}
