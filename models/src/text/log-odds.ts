// Which words are typical of which group of texts.
// Source: Monroe, Colaresi, Quinn, "Fightin' Words" (Political Analysis 16, 2008): log-odds ratio with an informative
// Dirichlet prior, which keeps rare words from looking typical by chance.

/** How often each word occurs in one group. */
export type WordCounts = ReadonlyMap<string, number>;

export interface TypicalWord {
  word: string;
  /** Log-odds of the word in this group against all other groups; natural logarithm. */
  logOdds: number;
  /** `logOdds` over its standard deviation. */
  z: number;
}

export interface TypicalWordsOptions {
  /** Words of the prior, spread as in all groups together. Default 200. More makes rare words weigh less. */
  priorWords?: number;
  /** Words with less are left out. Default 0.3, low because a group may be known by one sentence only. */
  minZ?: number;
  /** Words a group at most, those with the highest z. Default 2,000. */
  maxWords?: number;
}

/** For each group its typical words, the most certain first. */
export function typicalWords(groups: readonly WordCounts[], options: TypicalWordsOptions = {}): TypicalWord[][] {
  const { priorWords = 200, minZ = 0.3, maxWords = 2000 } = options;
  const all = new Map<string, number>();
  for (const group of groups) for (const [word, count] of group) all.set(word, (all.get(word) ?? 0) + count);
  const total = sum(all.values());
  return groups.map((group) => {
    const here = sum(group.values());
    const typical: TypicalWord[] = [];
    for (const [word, count] of group) {
      const everywhere = all.get(word) ?? count;
      const prior = (priorWords * everywhere) / total;
      const inside = count + prior;
      const outside = everywhere - count + prior;
      const logOdds =
        Math.log(inside / (here + priorWords - inside)) - Math.log(outside / (total - here + priorWords - outside));
      const z = logOdds / Math.sqrt(1 / inside + 1 / outside);
      if (z >= minZ && Number.isFinite(logOdds)) typical.push({ word, logOdds, z });
    }
    return typical.sort((a, b) => b.z - a.z || (a.word < b.word ? -1 : 1)).slice(0, maxWords);
  });
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
