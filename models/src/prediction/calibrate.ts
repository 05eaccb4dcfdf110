// From a score that ranks to odds that come true: identity, Platt's sigmoid or isotonic steps, whichever holds on rows held out.
// Sources: Platt 1999; Zadrozny & Elkan 2002 (isotonic, pool adjacent violators). The one thing to know: the score is log odds that no
// model of the row's own fold has seen, and the choice between the three is made across folds again.
import { sigmoid } from '../gradient-boosting/index.js';

export type Calibration =
  | { kind: 'identity' }
  | { kind: 'sigmoid'; slope: number; offset: number }
  /** Ascending knots; between them linear, beyond them flat. */
  | { kind: 'isotonic'; scores: number[]; chances: number[] };

const SIGMOID_FROM_ROWS = 200;
const ISOTONIC_FROM_ROWS = 1000;
const BLOCK_ROWS = 25;
/** Log loss a row by which a less plain kind has to be better. */
const WORTH_A_KIND = 3e-4;

export function calibrated(calibration: Calibration, score: number): number {
  if (calibration.kind === 'identity') return sigmoid(score);
  if (calibration.kind === 'sigmoid') return sigmoid(calibration.slope * score + calibration.offset);
  const { scores, chances } = calibration;
  if (score <= scores[0]!) return chances[0]!;
  for (let i = 1; i < scores.length; i++) {
    if (score > scores[i]!) continue;
    const part = (score - scores[i - 1]!) / (scores[i]! - scores[i - 1]! || 1);
    return chances[i - 1]! + part * (chances[i]! - chances[i - 1]!);
  }
  return chances[chances.length - 1]!;
}

/** @param fold fold of each score, for choosing between the kinds by log loss. */
export function fitCalibration(scores: Float64Array, truth: Float32Array, fold: Uint8Array): Calibration {
  const everything = scores.map((_, i) => i);
  const kinds: Calibration['kind'][] = ['identity'];
  if (scores.length >= SIGMOID_FROM_ROWS) kinds.push('sigmoid');
  if (scores.length >= ISOTONIC_FROM_ROWS) kinds.push('isotonic');
  let best: Calibration['kind'] = 'identity';
  let least = Number.POSITIVE_INFINITY;
  for (const kind of kinds) {
    let loss = 0;
    for (const held of new Set(fold)) {
      const fit = fitKind(
        kind,
        scores,
        truth,
        everything.filter((i) => fold[i] !== held),
      );
      for (const i of everything) if (fold[i] === held) loss += logLossOf(calibrated(fit, scores[i]!), truth[i]!);
    }
    if (loss < least - WORTH_A_KIND * scores.length) {
      least = loss;
      best = kind;
    }
  }
  return fitKind(best, scores, truth, everything);
}

export function logLossOf(chance: number, truth: number): number {
  const p = Math.min(1 - 1e-6, Math.max(1e-6, chance));
  return -(truth * Math.log(p) + (1 - truth) * Math.log(1 - p));
}

function fitKind(
  kind: Calibration['kind'],
  scores: Float64Array,
  truth: Float32Array,
  rows: Float64Array,
): Calibration {
  if (kind === 'identity') return { kind: 'identity' };
  return kind === 'sigmoid' ? fitSigmoid(scores, truth, rows) : fitIsotonic(scores, truth, rows);
}

/** Newton on slope and offset, with a weak pull towards (1, 0). */
function fitSigmoid(scores: Float64Array, truth: Float32Array, rows: Float64Array): Calibration {
  let slope = 1;
  let offset = 0;
  for (let step = 0; step < 30; step++) {
    let ga = slope - 1;
    let gb = offset;
    let aa = 1;
    let ab = 0;
    let bb = 1;
    for (const i of rows) {
      const p = sigmoid(slope * scores[i]! + offset);
      const w = p * (1 - p);
      ga += (p - truth[i]!) * scores[i]!;
      gb += p - truth[i]!;
      aa += w * scores[i]! ** 2;
      ab += w * scores[i]!;
      bb += w;
    }
    const determinant = aa * bb - ab * ab;
    const da = (bb * ga - ab * gb) / determinant;
    const db = (aa * gb - ab * ga) / determinant;
    slope -= da;
    offset -= db;
    if (Math.abs(da) + Math.abs(db) < 1e-9) break;
  }
  // A falling sigmoid would turn the ranking round: rather trust the score as it is.
  return slope > 0 && Number.isFinite(offset) ? { kind: 'sigmoid', slope, offset } : { kind: 'identity' };
}

/** Pool adjacent violators over blocks of rows of about equal score. */
function fitIsotonic(scores: Float64Array, truth: Float32Array, rows: Float64Array): Calibration {
  const order = [...rows].sort((a, b) => scores[a]! - scores[b]!);
  const pools: { score: number; hits: number; rows: number }[] = [];
  for (let start = 0; start < order.length; start += BLOCK_ROWS) {
    const block = order.slice(start, start + BLOCK_ROWS);
    let pool = { score: 0, hits: 0, rows: block.length };
    for (const i of block) {
      pool.score += scores[i]!;
      pool.hits += truth[i]!;
    }
    for (let last = pools.at(-1); last && last.hits / last.rows >= pool.hits / pool.rows; last = pools.at(-1)) {
      pools.pop();
      pool = { score: pool.score + last.score, hits: pool.hits + last.hits, rows: pool.rows + last.rows };
    }
    pools.push(pool);
  }
  return {
    kind: 'isotonic',
    scores: pools.map((p) => p.score / p.rows),
    // One row's worth of doubt, so that no chance is exactly 0 or 1.
    chances: pools.map((p) => (p.hits + 0.5) / (p.rows + 1)),
  };
}
