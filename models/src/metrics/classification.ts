// How often the right answer was picked, over all rows and per label.
// One thing to know: truth and answer are any values comparable with ===; a label that occurs in neither does not count.

export interface LabelScore {
  precision: number;
  recall: number;
  f1: number;
  /** Rows whose truth is this label. */
  support: number;
}

export interface ClassificationScores {
  accuracy: number;
  /** Unweighted mean of F1 over labels that occur as truth or as answer. */
  macro_f1: number;
  /** Mean of F1 weighted by the rows of each label. */
  weighted_f1: number;
  per_class: Map<string, LabelScore>;
}

/** @throws RangeError when the lists differ in length. */
export function classificationScores(truth: readonly string[], answer: readonly string[]): ClassificationScores {
  if (truth.length !== answer.length) throw new RangeError(`${truth.length} truths against ${answer.length} answers`);
  const counts = new Map<string, { hit: number; truth: number; answer: number }>();
  const of = (label: string) => {
    const entry = counts.get(label) ?? { hit: 0, truth: 0, answer: 0 };
    counts.set(label, entry);
    return entry;
  };
  let hits = 0;
  truth.forEach((label, i) => {
    of(label).truth++;
    of(answer[i]!).answer++;
    if (label === answer[i]) {
      of(label).hit++;
      hits++;
    }
  });
  const perClass = new Map<string, LabelScore>();
  let sum = 0;
  let weighted = 0;
  for (const [label, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const precision = count.answer ? count.hit / count.answer : 0;
    const recall = count.truth ? count.hit / count.truth : 0;
    const f1 = (2 * count.hit) / (count.truth + count.answer);
    perClass.set(label, { precision, recall, f1, support: count.truth });
    sum += f1;
    weighted += f1 * count.truth;
  }
  const rows = truth.length;
  return {
    accuracy: rows ? hits / rows : 0,
    macro_f1: perClass.size ? sum / perClass.size : 0,
    weighted_f1: rows ? weighted / rows : 0,
    per_class: perClass,
  };
}

/** The most frequent mistakes: `truth` was answered as `answer` `count` times; most frequent first. */
export function confusedPairs(truth: readonly string[], answer: readonly string[], top = 10) {
  const pairs = new Map<string, { truth: string; answer: string; count: number }>();
  truth.forEach((label, i) => {
    if (label === answer[i]) return;
    const key = JSON.stringify([label, answer[i]]);
    const pair = pairs.get(key) ?? { truth: label, answer: answer[i]!, count: 0 };
    pair.count++;
    pairs.set(key, pair);
  });
  return [...pairs.values()].sort((a, b) => b.count - a.count || (a.truth < b.truth ? -1 : 1)).slice(0, top);
}
