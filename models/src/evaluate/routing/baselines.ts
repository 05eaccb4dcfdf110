// What a router has to beat: rules (what people wrote, and the words typical of each label's rows), TF-IDF with logistic regression, and the nearest description.
// The one thing to know: they see the same rows as the router, and none of its parts but the tokeniser and the encoder.
import type { Encoder } from '../../encoder/index.js';
import { Vocabulary } from '../../experts/lexical/index.js';
import { minimise } from '../../experts/linear/index.js';
import { createRuleExpert } from '../../experts/rule/index.js';
import type { MasterProfile } from '../../router/index.js';
import type { LabelledRow } from './input.js';

/**
 * One label a text: names, keywords, patterns, and the words typical of each label's training rows (log-odds with a Dirichlet prior, Monroe
 * et al. 2008), which is as far as rules get; where none speaks, the most frequent label.
 */
export function ruleAnswers(
  masters: readonly MasterProfile[],
  train: readonly LabelledRow[],
  texts: readonly string[],
): string[] {
  const counts = new Map(masters.map(({ name }) => [name, 0]));
  const rowsOf = new Map<string, string[]>();
  for (const { text, label } of train) if (label !== null) push(rowsOf, label, text);
  for (const { label } of train) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [usual] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [''];
  const named = [...counts.keys()].map((name) => masters.find((master) => master.name === name) ?? { name });
  const rules = createRuleExpert(
    named.map(({ name, description, examples, keywords, patterns, aliases }: MasterProfile) => ({
      name,
      description,
      examples: [...(examples ?? []), ...(rowsOf.get(name) ?? [])],
      keywords,
      patterns,
      aliases,
    })),
  );
  return rules.vote(texts.map((text) => ({ text }))).map(({ abstained, probabilities }) => {
    if (abstained) return usual;
    return Object.entries(probabilities).reduce((best, one) => (one[1] > best[1] ? one : best))[0];
  });
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** One label a text: word 1–2-grams, TF-IDF, multinomial logistic regression with L2 (C = 10), trained on the labelled rows. */
export async function linearAnswers(
  train: readonly LabelledRow[],
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const labelled = train.filter(({ label }) => label !== null);
  const labels = [...new Set(labelled.map(({ label }) => label!))].sort();
  const number = new Map(labels.map((label, k) => [label, k]));
  const y = labelled.map(({ label }) => number.get(label!)!);
  const limit = Math.min(30_000, Math.floor(6_000_000 / labels.length));
  const vocabulary = Vocabulary.learn(
    labelled.map(({ text }) => text),
    { limit, characters: false },
  );
  const { starts, columns, values, width, count } = vocabulary.rows(labelled.map(({ text }) => text));
  const K = labels.length;
  const bias = width * K;
  const scores = new Float64Array(K);
  const score = (point: Float64Array, from: number, to: number, cols: Int32Array, vals: Float32Array) => {
    for (let k = 0; k < K; k++) scores[k] = point[bias + k]!;
    for (let i = from; i < to; i++) {
      const offset = cols[i]! * K;
      for (let k = 0; k < K; k++) scores[k]! += vals[i]! * point[offset + k]!;
    }
  };
  const { point } = await minimise(
    new Float64Array(bias + K),
    (at, gradient) => {
      gradient.fill(0);
      let loss = 0;
      for (let r = 0; r < count; r++) {
        score(at, starts[r]!, starts[r + 1]!, columns, values);
        const top = Math.max(...scores);
        let sum = 0;
        for (let k = 0; k < K; k++) sum += Math.exp(scores[k]! - top);
        loss += Math.log(sum) + top - scores[y[r]!]!;
        for (let k = 0; k < K; k++) scores[k] = Math.exp(scores[k]! - top) / sum - Number(k === y[r]);
        for (let k = 0; k < K; k++) gradient[bias + k]! += scores[k]!;
        for (let i = starts[r]!; i < starts[r + 1]!; i++) {
          const offset = columns[i]! * K;
          for (let k = 0; k < K; k++) gradient[offset + k]! += values[i]! * scores[k]!;
        }
      }
      for (let i = 0; i < bias; i++) {
        loss += 0.05 * at[i]! * at[i]!;
        gradient[i]! += 0.1 * at[i]!;
      }
      return loss;
    },
    { steps: 60, tolerance: 1e-5, memory: 4, signal },
  );
  return texts.map((text) => {
    const row = vocabulary.row(text);
    score(point, 0, row.columns.length, row.columns, row.values);
    return labels[scores.indexOf(Math.max(...scores))]!;
  });
}

/** One label a text: the master whose description (or name, without one) is nearest by cosine. */
export async function nearestDescriptionAnswers(
  masters: readonly MasterProfile[],
  texts: readonly string[],
  encoder: Encoder,
) {
  const profiles = await encoder.encode(masters.map(({ name, description }) => description ?? name));
  const vectors = await encoder.encode(texts);
  return vectors.map((vector) => {
    let best = 0;
    let highest = Number.NEGATIVE_INFINITY;
    profiles.forEach((profile, m) => {
      let cosine = 0;
      for (let i = 0; i < vector.length; i++) cosine += vector[i]! * profile[i]!;
      if (cosine > highest) {
        highest = cosine;
        best = m;
      }
    });
    return masters[best]!.name;
  });
}
