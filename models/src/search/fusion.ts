// Two rankings → one. The one thing to know: each question's scores are measured against its own hundred best, so the half that sees one
// document stand out by far counts more for that question than the half that sees a hundred equal ones.
import type { Hit } from './bm25-index.js';

/** Documents of each half that a question's scores are measured against. */
export const FUSION_DEPTH = 100;

/** One half's answer to one question: its best, and how it scores any document of the other half's best. */
export interface HalfAnswer {
  hits: readonly Hit[];
  scoreOf: (id: string) => number;
}

/**
 * Weighted sum of standard scores: (score − mean) ÷ deviation of the half's best. Every document that either half has among
 * its best is scored by both.
 * @param weight share of `meaning`, 0 … 1
 */
export function fuseScores(words: HalfAnswer, meaning: HalfAnswer, weight: number): Hit[] {
  const parts = [
    { ...words, share: 1 - weight, ...spread(words.hits) },
    { ...meaning, share: weight, ...spread(meaning.hits) },
  ];
  const ids = new Set([...words.hits, ...meaning.hits].map(({ id }) => id));
  const fused = Array.from(ids, (id) => {
    let score = 0;
    for (const { share, scoreOf, mean, deviation } of parts) {
      if (share > 0 && deviation > 0) score += (share * (scoreOf(id) - mean)) / deviation;
    }
    return { id, score };
  });
  return fused.sort(byScore);
}

/**
 * Reciprocal rank fusion (Cormack et al. 2009): needs no scores that compare, only orders. For more than two lists or foreign ones.
 * @param constant how little the first places stand out. Default 60.
 */
export function fuseRanks(lists: readonly (readonly Hit[])[], weights?: readonly number[], constant = 60): Hit[] {
  const scores = new Map<string, number>();
  lists.forEach((hits, l) => {
    hits.forEach(({ id }, rank) => {
      scores.set(id, (scores.get(id) ?? 0) + (weights?.[l] ?? 1) / (constant + rank + 1));
    });
  });
  return Array.from(scores, ([id, score]) => ({ id, score })).sort(byScore);
}

/** Stable: of equals the one that was first stays first. */
const byScore = (a: Hit, b: Hit): number => b.score - a.score;

function spread(hits: readonly Hit[]): { mean: number; deviation: number } {
  const best = hits.slice(0, FUSION_DEPTH);
  if (!best.length) return { mean: 0, deviation: 0 };
  const mean = best.reduce((sum, { score }) => sum + score, 0) / best.length;
  const variance = best.reduce((sum, { score }) => sum + (score - mean) ** 2, 0) / best.length;
  // One document alone, or all equal: its score itself is the only measure there is.
  return { mean, deviation: Math.sqrt(variance) || Math.abs(mean) };
}
