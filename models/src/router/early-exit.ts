// From which odds on the words alone may decide, so that the encoder need not be asked.
// The one thing to know: the threshold is read off held-out rows, for half of the loss that is allowed: fresh tasks get the other half.
import { largest } from '../calibration/index.js';
import type { StageJudged } from './stage.js';

export interface EarlyExit {
  /** Odds × scope from which the words decide. */
  threshold: number;
  /** On the held-out rows: share that leaves early, and the accuracy lost by it (may be negative: a gain). */
  share: number;
  loss: number;
}

/** @param allowed loss of accuracy at most, e.g. 0.002. @returns undefined when leaving early never pays. */
export function fitEarlyExit(
  words: StageJudged,
  full: StageJudged,
  target: ArrayLike<number>,
  labels: number,
  allowed: number,
): EarlyExit | undefined {
  const rows = words.scope.length;
  if (rows < 100) return undefined;
  const sure = new Float64Array(rows);
  const gain = new Int8Array(rows);
  for (let r = 0; r < rows; r++) {
    const early = words.odds.subarray(r * labels, (r + 1) * labels);
    const best = largest(early);
    sure[r] = early[best]! * words.scope[r]!;
    const late = largest(full.odds.subarray(r * labels, (r + 1) * labels));
    gain[r] = Number(best === target[r]) - Number(late === target[r]);
  }
  const order = Int32Array.from({ length: rows }, (_, i) => i).sort((a, b) => sure[b]! - sure[a]!);
  const budget = (allowed / 2) * rows;
  let change = 0;
  let found: EarlyExit | undefined;
  for (let i = 0; i < rows; i++) {
    change += gain[order[i]!]!;
    const threshold = sure[order[i]!]!;
    if (i + 1 < rows && sure[order[i + 1]!] === threshold) continue;
    if (-change <= budget) found = { threshold, share: (i + 1) / rows, loss: -change / rows };
  }
  return found;
}
