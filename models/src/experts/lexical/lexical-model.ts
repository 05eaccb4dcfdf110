// The trained lexical voice: vocabulary and separators, a score per label for any text, and the words that spoke for it.
// The one thing to know: scores are distances to each label's border, not odds; the ensemble turns them into odds.
import { foldText, wordHash, wordSpans } from './grams.js';
import { type LinearWeights, trainHinge } from './hinge.js';
import { Vocabulary, type VocabularyData } from './tfidf.js';

export interface LexicalOptions {
  /** Price of a row on the wrong side; higher fits the training rows closer. Default 0.5. */
  cost?: number;
  rowWeights?: Float32Array;
  /** Texts of which only one label is known, and that one to be wrong: counter-examples to it, and nothing to the others. */
  refused?: { texts: readonly string[]; target: Int32Array; weights: Float32Array };
  seed?: number;
  onProgress?: (share: number) => void;
}

export interface LexicalData {
  vocabulary: VocabularyData;
  linear: LinearWeights;
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** At most this many weights in all (160 MB): with very many labels the vocabulary is cut. */
const MOST_WEIGHTS = 40_000_000;

export class LexicalModel {
  readonly #vocabulary: Vocabulary;

  constructor(readonly data: LexicalData) {
    this.#vocabulary = new Vocabulary(data.vocabulary);
  }

  /** @param target label number of each text, −1 for a text no label fits. */
  static train(
    texts: readonly string[],
    target: Int32Array,
    labels: number,
    options: LexicalOptions = {},
  ): LexicalModel {
    const limit = Math.max(2000, Math.min(60_000, Math.floor(MOST_WEIGHTS / 2 / Math.max(1, labels))));
    const { refused, ...rest } = options;
    const all = refused ? [...texts, ...refused.texts] : texts;
    const vocabulary = Vocabulary.learn(all, { limit });
    const linear = trainHinge(vocabulary.rows(all), target, labels, {
      cost: 0.5,
      ...rest,
      ...(refused
        ? {
            against: refused.target,
            rowWeights: joined(rest.rowWeights ?? new Float32Array(texts.length).fill(1), refused.weights),
          }
        : {}),
    });
    return new LexicalModel({ vocabulary: vocabulary.data, linear });
  }

  get labels(): number {
    return this.data.linear.labels;
  }

  /** Writes a score per label into `scores`; returns the share of the text's words and character grams that are known. */
  score(text: string, scores: Float32Array): [words: number, characters: number] {
    const { labels, weights, bias } = this.data.linear;
    const { columns, values, known } = this.#vocabulary.row(text);
    scores.set(bias);
    for (let i = 0; i < columns.length; i++) {
      const offset = columns[i]! * labels;
      const value = values[i]!;
      for (let k = 0; k < labels; k++) scores[k]! += value * weights[offset + k]!;
    }
    return known;
  }

  /** The words of the text that speak loudest for a label, most first. */
  loudestWords(text: string, label: number, most = 3): string[] {
    const { labels, weights } = this.data.linear;
    const folded = foldText(text);
    const spans = wordSpans(folded);
    const votes = new Map<string, number>();
    for (let s = 0; s < spans.length; s += 2) {
      const column = this.#vocabulary.column(wordHash(folded, spans[s]!, spans[s + 1]!), true);
      if (column < 0) continue;
      const vote = weights[column * labels + label]! * this.data.vocabulary.idf[column]!;
      if (vote > 0) votes.set(folded.slice(spans[s], spans[s + 1]), vote);
    }
    return [...votes]
      .sort((a, b) => b[1] - a[1])
      .slice(0, most)
      .map(([word]) => word);
  }
}
