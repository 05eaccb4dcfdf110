// Figures of merit of one ranking and their means, as BEIR and trec_eval define them: gain is the grade, discount log2(rank + 1).

export interface RankingScores {
  'ndcg@10': number;
  'recall@10': number;
  'recall@100': number;
  'mrr@10': number;
}

export const FIGURES = ['ndcg@10', 'recall@10', 'recall@100', 'mrr@10'] as const;

/**
 * @param ranked document ids, best first
 * @param grades relevant documents with their grades above 0; at least one
 */
export function scoreRanking(ranked: readonly string[], grades: ReadonlyMap<string, number>): RankingScores {
  const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, 10);
  const best = ideal.reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);
  let gain = 0;
  let first = 0;
  let inTen = 0;
  let inHundred = 0;
  for (const [i, id] of ranked.slice(0, 100).entries()) {
    const grade = grades.get(id);
    if (grade === undefined) continue;
    inHundred++;
    if (i >= 10) continue;
    inTen++;
    gain += grade / Math.log2(i + 2);
    if (!first) first = i + 1;
  }
  return {
    'ndcg@10': gain / best,
    'recall@10': inTen / grades.size,
    'recall@100': inHundred / grades.size,
    'mrr@10': first ? 1 / first : 0,
  };
}

/** Mean of each figure; zeros for no rows. */
export function meanScores(rows: readonly RankingScores[]): RankingScores {
  const mean = (figure: keyof RankingScores) => rows.reduce((sum, row) => sum + row[figure], 0) / (rows.length || 1);
  return {
    'ndcg@10': mean('ndcg@10'),
    'recall@10': mean('recall@10'),
    'recall@100': mean('recall@100'),
    'mrr@10': mean('mrr@10'),
  };
}
