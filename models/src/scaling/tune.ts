// How careful the scaler has to be, learned from its own history: the cheapest setting that would have kept the promise is taken.
// The one thing to know: bursts that no forecast sees are paid for by holding replicas, and only the history says whether that is worth it.
import { seededRandom } from '../metrics/index.js';
import { Scaler, type ScalerOptions } from './scaler.js';
import { type Arrival, type SimulationOptions, simulate } from './simulation.js';

export interface ScalerSetting {
  /** Share of bins whose arrivals the capacity covers. */
  readonly quantile: number;
  readonly holdSeconds: number;
}

const QUANTILES = [0.5, 0.7, 0.8, 0.9, 0.97];
const HOLDS = [30, 120, 300, 900, 3600];

export interface TunedScaler extends ScalerSetting {
  /** What it would have cost over the judged part of the history, in mean replicas. */
  readonly replicas: number;
  /** Share of that part's arrivals that would have waited longer than promised. */
  readonly late: number;
}

/**
 * @param counts arrivals of each bin, in order; the first half teaches the forecast, the second judges the settings
 * @param services seconds of work of past arrivals, drawn at random
 */
export function tuneScaler(
  counts: readonly number[],
  services: readonly number[],
  options: Omit<ScalerOptions, 'quantile' | 'holdSeconds'>,
): TunedScaler {
  const half = Math.floor(counts.length / 2);
  const judged = arrivalsOf(counts.slice(half), services, options.binSeconds);
  const serviceSeconds = services.reduce((sum, s) => sum + s, 0) / Math.max(1, services.length);
  const load = (judged.length / Math.max(1, (counts.length - half) * options.binSeconds)) * serviceSeconds;
  const play: SimulationOptions = {
    binSeconds: options.binSeconds,
    startSeconds: options.startSeconds,
    running: Math.max(1, Math.ceil(load * 1.2)),
    ageSeconds: 60,
  };
  const tried: TunedScaler[] = [];
  for (const quantile of QUANTILES) {
    for (const holdSeconds of HOLDS) {
      const scaler = new Scaler({ ...options, quantile, holdSeconds }, counts.slice(0, half));
      const result = simulate(
        judged,
        ({ arrivals, waiting }) => scaler.step({ arrivals, waiting, serviceSeconds }).replicas,
        play,
      );
      const late =
        result.waits.filter(({ seconds }) => seconds > options.promise.waitSeconds).length /
        Math.max(1, result.waits.length);
      tried.push({ quantile, holdSeconds, replicas: result.cost / Math.max(1, result.seconds), late });
    }
  }
  const allowed = 1 - (options.promise.share ?? 0.95);
  const kept = tried.filter((setting) => setting.late <= allowed);
  // Where none keeps the promise, the one that breaks it least.
  const by = kept.length > 0 ? (s: TunedScaler) => s.replicas : (s: TunedScaler) => s.late;
  return (kept.length > 0 ? kept : tried).reduce((best, setting) => (by(setting) < by(best) ? setting : best));
}

/** Arrivals evenly spread in each bin: when exactly they came is not kept. */
function arrivalsOf(counts: readonly number[], services: readonly number[], binSeconds: number): Arrival[] {
  const arrivals: Arrival[] = [];
  // Drawn, not replayed: work that was long this morning need not be what comes now.
  const random = seededRandom(1);
  counts.forEach((count, bin) => {
    for (let i = 0; i < count; i++) {
      arrivals.push({
        at: (bin + (i + 0.5) / count) * binSeconds,
        serviceSeconds: services[Math.floor(random() * services.length)] ?? 1,
        rank: 0,
      });
    }
  });
  return arrivals;
}
