// Turns a detector's raw score into surprise: minus the logarithm of the chance of so high a score on the training part.
// Source: peaks over threshold with a generalized Pareto tail (Siffer et al. 2017), fitted by moments.
import { mean } from '../metrics/index.js';

/** Plain numbers: can be stored as JSON. */
export interface Tail {
  /** Ascending training scores below the threshold, thinned. */
  body: number[];
  threshold: number;
  /** Chance of passing the threshold. */
  share: number;
  scale: number;
  shape: number;
}

const SHARE = 0.05;
const KEPT = 200;
/** Nats; a score beyond it counts as no more surprising. */
export const MOST_SURPRISE = 30;

/** @param scores of the training part, in any order; NaN is left out. */
export function fitTail(scores: ArrayLike<number>, least = 1e-6): Tail {
  const known = Float64Array.from(Array.from(scores).filter(Number.isFinite)).sort();
  if (known.length < 8) return { body: [0], threshold: 0, share: 0.5, scale: 1, shape: 0 };
  const threshold = known[Math.floor((1 - SHARE) * (known.length - 1))]!;
  const beyond = known.filter((x) => x > threshold).map((x) => x - threshold);
  const middle = known[known.length >> 1]!;
  const body = Array.from({ length: KEPT }, (_, i) => known[Math.floor((i / (KEPT - 1)) * (known.length - 1))]!);
  const share = Math.max(beyond.length, 1) / (known.length + 1);
  if (beyond.length < 5) {
    const scale = Math.max(mean(beyond), (threshold - middle) / 3, least);
    return { body, threshold, share, scale, shape: 0 };
  }
  const m = mean(beyond);
  const variance = mean(beyond.map((x) => (x - m) ** 2));
  // By moments: shape = (1 − m²/v)/2. A tail with an end would make all beyond it equal, so 0 is the least.
  const shape = Math.min(0.4, Math.max(0, 0.5 * (1 - (m * m) / Math.max(variance, 1e-300))));
  return { body, threshold, share, scale: Math.max(m * (1 - shape), least), shape };
}

/** In nats, from 0 (nothing is less surprising) up to MOST_SURPRISE; 0 for NaN. */
export function surprise(tail: Tail, score: number): number {
  if (Number.isNaN(score)) return 0;
  if (score > tail.threshold) {
    const over = (score - tail.threshold) / tail.scale;
    const beyond = tail.shape > 1e-9 ? Math.log1p(tail.shape * over) / tail.shape : over;
    return Math.min(MOST_SURPRISE, beyond - Math.log(tail.share));
  }
  let low = 0;
  let high = tail.body.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tail.body[middle]! < score) low = middle + 1;
    else high = middle;
  }
  return Math.min(-Math.log(Math.max(tail.share, 1 - low / tail.body.length)), MOST_SURPRISE);
}

/** The score that is passed with this chance: the inverse of `surprise` in the tail. @param chance at most the tail's share. */
export function tailQuantile(tail: Tail, chance: number): number {
  if (chance >= tail.share) return tail.threshold;
  const beyond = Math.log(tail.share / chance);
  return tail.threshold + tail.scale * (tail.shape > 1e-9 ? Math.expm1(tail.shape * beyond) / tail.shape : beyond);
}
