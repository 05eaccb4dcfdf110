// Has a rate got worse than it was? Looked at after every outcome, for ever, with a stated mean time between false alarms.
// Shiryaev–Roberts e-detector: a new gambler sits down at every row and bets that things are worse from here on; the alarm is when all of them
// together own more than the wanted number of rows. Shin, Ramdas & Rinaldo 2023, "E-detectors", NEJSDS.
import { STAKES } from '../sequential/betting.js';

/** Plain data: lives in JSON, is never changed in place. */
export interface Detector {
  readonly rows: number;
  /** Logarithm of the common wealth, by stake. Null: nobody owns anything yet. */
  readonly logs: readonly (number | null)[];
  /** Recent mean of the watched figure (weight 1/50 a row). */
  readonly recent: number | null;
  readonly alarmed: boolean;
}

export const NEW_DETECTOR: Detector = { rows: 0, logs: STAKES.map(() => null), recent: null, alarmed: false };

export interface DetectorOptions {
  /** The mean it was, from 0 to 1: means up to this are no alarm. */
  readonly baseline: number;
  /** A rise that is not worth an alarm. Default 0.05. */
  readonly margin?: number;
  /** Rows between two false alarms, on average at least. Default 10,000. */
  readonly runLength?: number;
}

const MEMORY = 50;

/** One more row: `figure` in [0, 1], more is worse (an error is 1). Throws a RangeError outside. */
export function watchRow(detector: Detector, figure: number, options: DetectorOptions): Detector {
  if (!(figure >= 0 && figure <= 1)) throw new RangeError(`a figure must lie in [0, 1], got ${figure}`);
  const { baseline, margin = 0.05, runLength = 10_000 } = options;
  const gain = Math.max(-1, figure - Math.min(1, baseline + margin));
  const logs = detector.logs.map((log, k) => softPlus(log) + Math.log1p((STAKES[k] ?? 0) * gain));
  const wealth = logs.reduce((sum, log) => sum + Math.exp(Math.min(log, 700)), 0) / logs.length;
  const weight = Math.max(1 / MEMORY, 1 / (detector.rows + 1));
  return {
    rows: detector.rows + 1,
    logs,
    recent: (detector.recent ?? figure) * (1 - weight) + figure * weight,
    alarmed: detector.alarmed || wealth >= runLength,
  };
}

/** ln(1 + e^log): one more gambler with a wealth of one. */
function softPlus(log: number | null): number {
  if (log === null) return 0;
  return log > 30 ? log : Math.log1p(Math.exp(log));
}
