// So many anomaly alerts a day, and no more: the threshold over all workers follows the scores of the last day, and a bucket holds the line.
import { EVENT_HOLD_MS, type Finding } from '../finding.js';
import type { Score } from './scorer.js';

const DAY_MS = 86_400_000;
const KEPT = 20_000;
/** Scores over the whole fleet before anything is called unusual. */
const LEAST = 200;

export interface AnomalyBudget {
  /** A finding when the worker was unusual twice running and the day's budget allows it. */
  take(score: Score, now: number): Finding | undefined;
}

export function openBudget(aDay: () => number): AnomalyBudget {
  const ratios: number[] = [];
  /** Worker → consecutive windows above the threshold, and until when its alert is open. */
  const above = new Map<string, { count: number; openUntil: number }>();
  let tokens: number | undefined;
  let filledAt = 0;
  let sorted: number[] = [];
  let sinceSort = 0;
  return {
    take(score, now) {
      const perDay = aDay();
      if (perDay === 0) return undefined;
      // A burst of half a day's alerts at most.
      const most = Math.max(1, perDay / 2);
      tokens = Math.min(most, (tokens ?? most) + ((now - filledAt) * perDay) / DAY_MS);
      filledAt = now;
      ratios.push(score.ratio);
      if (ratios.length > KEPT) ratios.shift();
      if (++sinceSort > 100 || sorted.length === 0) {
        sorted = [...ratios].sort((a, b) => a - b);
        sinceSort = 0;
      }
      const state = above.get(score.worker) ?? { count: 0, openUntil: 0 };
      above.set(score.worker, state);
      if (above.size > 10_000) above.delete(above.keys().next().value as string);
      // One in a thousand of what the fleet usually shows, and never below what the worker's own past allows.
      const usual = sorted[Math.floor(0.999 * (sorted.length - 1))] ?? 0;
      const threshold = Math.max(1, usual);
      if (sorted.length < LEAST || score.ratio <= threshold) {
        state.count = 0;
        return undefined;
      }
      state.count++;
      if (state.count < 2) return undefined;
      if (now >= state.openUntil) {
        if (tokens < 1) return undefined;
        tokens -= 1;
      }
      state.openUntil = now + EVENT_HOLD_MS;
      const named = score.gauges.map(({ gauge, share }) => `${gauge} (${Math.round(100 * share)} %)`).join(', ');
      return {
        kind: 'anomaly',
        target: `worker:${score.worker}`,
        severity: score.ratio > 3 * threshold ? 'warning' : 'info',
        summary: `worker ${score.worker} of ${score.master} behaves unlike itself`,
        cause: `mostly ${named || 'no single gauge'}`,
        evidence: {
          ratio: Math.round(100 * score.ratio) / 100,
          threshold: Math.round(100 * threshold) / 100,
          gauges: score.gauges,
          learned_windows: score.learned,
          autoencoder: score.autoencoder,
        },
        worker: score.worker,
        master: score.master,
        since: now,
        holdMs: EVENT_HOLD_MS,
      };
    },
  };
}
