// Isotonic regression: the non-decreasing curve from a score to the share that came true.
// Source: pool adjacent violators (Ayer et al. 1955), as used for calibration by Zadrozny & Elkan 2002.

export interface IsotonicCurve {
  /** Ascending scores, and the odds at each; between them the odds are interpolated. */
  scores: number[];
  odds: number[];
}

/** @param smallest rows a step must rest on at least; fewer would chase noise. Default 1. */
export function fitIsotonic(score: ArrayLike<number>, right: ArrayLike<boolean | number>, smallest = 1): IsotonicCurve {
  const order = Int32Array.from({ length: score.length }, (_, i) => i).sort((a, b) => score[a]! - score[b]!);
  const blocks: { sum: number; rows: number; scores: number }[] = [];
  for (const i of order) {
    blocks.push({ sum: Number(right[i]), rows: 1, scores: score[i]! });
    for (let last = blocks.length - 1; last > 0; last = blocks.length - 1) {
      const a = blocks[last - 1]!;
      const b = blocks[last]!;
      if (a.sum / a.rows < b.sum / b.rows && a.rows >= smallest) break;
      blocks.splice(last - 1, 2, { sum: a.sum + b.sum, rows: a.rows + b.rows, scores: a.scores + b.scores });
    }
  }
  return { scores: blocks.map((b) => b.scores / b.rows), odds: blocks.map((b) => b.sum / b.rows) };
}

/** Outside the scores seen, the first or last odds. */
export function isotonicOdds(curve: IsotonicCurve, score: number): number {
  const { scores, odds } = curve;
  if (!scores.length) return score;
  let low = 0;
  let high = scores.length - 1;
  if (score <= scores[0]!) return odds[0]!;
  if (score >= scores[high]!) return odds[high]!;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (scores[middle]! <= score) low = middle;
    else high = middle;
  }
  const share = (score - scores[low]!) / (scores[high]! - scores[low]!);
  return odds[low]! + share * (odds[high]! - odds[low]!);
}
